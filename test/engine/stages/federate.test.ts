import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { createRandom, deriveSeed } from '../../../src/core/random.ts'
import { epochOrder } from '../../../src/core/training/order.ts'
import { TrainableModel } from '../../../src/engine/compile/training.ts'
import { createSelect } from '../../../src/engine/job-inputs.ts'
import { loadEngine } from '../../../src/engine/runtime/load.ts'
import { epochBatches } from '../../../src/formats/batches.ts'
import { openDataset } from '../../../src/formats/datasets.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { bytesOf, npyFile } from '../../formats/datasets/made.ts'
import { curve, hashes, lastModel, ofType, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 100, test: 20 })
})
afterAll(() => rmSync(folder, { recursive: true }))

type Federate = Extract<RecipeInput['stages'][number], { use: 'federate' }>
/** 90 training and 10 validation samples. */
const federate: Federate = {
  use: 'federate',
  clients: 3,
  rounds: 2,
  batch: 16,
  optimizer: { kind: 'sgd', lr: 0.05 },
  partition: { kind: 'dirichlet', beta: 0.5, minimum: 5 },
}
const jobOf = (more: Partial<Federate>, job: Parameters<typeof createJob>[3] = {}) =>
  createJob(folder, data, [{ ...federate, ...more }], job)
type Worked = Awaited<ReturnType<typeof workAnew>>
const worked = new Map<string, Promise<Worked>>()
/** The same settings give the same: they are worked once. */
function work(more: Partial<Federate>, job: Parameters<typeof createJob>[3] = {}): Promise<Worked> {
  const key = JSON.stringify([more, job])
  if (!worked.has(key)) worked.set(key, workAnew(more, job))
  return worked.get(key)!
}
async function workAnew(more: Partial<Federate>, job: Parameters<typeof createJob>[3] = {}) {
  const { messages, error } = await run(jobOf(more, job))
  if (error) throw error
  return { messages, hash: hashes(messages).at(-1)!, result: resultOf(outcomes(messages)[0], 'federate') }
}

describe('federate', () => {
  it('says who holds what, and what every client and every round came to', async () => {
    const { result, messages } = await work({ target: 0.05 })
    expect(result).toMatchObject({ trainableParams: 75_290, zeros: 0, weights: 74_800 })
    expect(result.clients.map(({ client }) => client)).toEqual([1, 2, 3])
    expect(result.clients.reduce((sum, { samples }) => sum + samples, 0)).toBe(90)
    for (const { samples, classes, speed } of result.clients) {
      expect(classes).toHaveLength(10)
      expect(classes.reduce((sum, count) => sum + count, 0)).toBe(samples)
      expect(speed).toBe(1)
    }
    expect(result.rounds.map(({ round }) => round)).toEqual([1, 2])
    let steps = 0
    for (const { clients, top1, loss, upBytes, downBytes } of result.rounds) {
      for (const [i, client] of clients.entries()) {
        const { samples } = result.clients[i]!
        expect(client).toMatchObject({ client: i + 1, state: 'done', steps: Math.ceil(samples / 16) })
        // 75,290 weights at 4 bytes each, and a head of 12 bytes and 8 for each of 23 tensors; statistics are not sent up.
        expect(client.upBytes).toBe(12 + 8 * 23 + 4 * 75_290)
        expect([client.trainLoss, client.trainTop1, client.top1].every(value => typeof value === 'number')).toBe(true)
        steps += client.steps
      }
      expect(upBytes).toBe(clients.reduce((sum, client) => sum + client.upBytes, 0))
      expect(downBytes).toBe(clients.reduce((sum, client) => sum + client.downBytes, 0))
      expect(Number.isInteger(Math.round(top1! * 1e6) / 1e5)).toBe(true)
      expect(loss).toBeGreaterThan(0)
    }
    // With all statistics measured, they go down beside the weights: 14 more tensors of 480 values in all.
    expect(result.rounds[1]!.clients[0]!.downBytes).toBe(12 + 8 * 37 + 4 * (75_290 + 480))
    expect(result.upBytes).toBe(result.rounds.reduce((sum, round) => sum + round.upBytes, 0))
    const first = result.rounds.find(({ top1 }) => top1! >= 0.05)
    const until = result.rounds.slice(0, first?.round).reduce((sum, round) => sum + round.upBytes + round.downBytes, 0)
    expect(result.target).toEqual({ top1: 0.05, round: first?.round ?? null, bytes: first ? until : null })
    expect(curve(messages, 'loss').map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
    expect(curve(messages, 'valTop1').map(([, top1]) => top1)).toEqual(result.rounds.map(({ top1 }) => top1))
    expect(ofType(messages, 'progress').at(-1)).toMatchObject({ total: 2 * (90 + 10), unit: 'samples' })
  })

  it('tells who holds what before the first round, each round when it is done, and how far the one at work is', async () => {
    const { result, messages } = await work({ target: 0.05 })
    const layers = result.layers.map(({ name }) => name)
    const reports = ofType(messages, 'federation')
    expect(reports.map(({ report }) => report)).toEqual([
      { kind: 'begins', clients: result.clients, layers },
      ...result.rounds.map(round => ({ kind: 'round', isTwin: false, round })),
    ])
    const steps = result.rounds.map(({ clients }) => clients.reduce((sum, client) => sum + client.steps, 0))
    expect(reports.map(({ step }) => step)).toEqual([0, steps[0], steps[0]! + steps[1]!])
    // A round is told before anything of the next one is.
    const order = messages.flatMap((message): (string | number)[] =>
      message.type === 'progress' ? [message.round!.round] : message.type === 'federation' ? ['told'] : [],
    )
    expect(order.filter((what, i) => what !== order[i - 1])).toEqual(['told', 1, 'told', 2, 'told'])
    for (const { round } of ofType(messages, 'progress')) {
      expect(round).toMatchObject({ isTwin: false, rounds: 2, clients: 3, total: 90 + 10 })
      expect(round!.client).toBe(round!.visited < 3 ? round!.visited + 1 : null)
      const before = result.clients.slice(0, round!.visited).reduce((sum, { samples }) => sum + samples, 0)
      expect(round!.done).toBeGreaterThanOrEqual(before)
      expect(round!.done).toBeLessThanOrEqual(before + (result.clients[round!.visited]?.samples ?? 10))
    }
    // Some kilobytes, and not more with every round.
    for (const { report } of reports) expect(JSON.stringify(report).length).toBeLessThan(3000)
  })

  it('gives the same bits again, and others for another seed, partition and strategy', async () => {
    const runs = [
      await work({ keep: 'last' }),
      await workAnew({ keep: 'last' }),
      await work({ keep: 'last' }, { seed: 1 }),
      await work({ keep: 'last', partition: 'iid' }),
      await work({ keep: 'last', strategy: 'fednova' }),
      await work({ keep: 'last', strategy: { kind: 'fedprox', mu: 1 } }),
      await work({ keep: 'last', strategy: 'scaffold' }),
    ]
    expect(runs[1]!.hash).toBe(runs[0]!.hash)
    expect(new Set(runs.map(({ hash }) => hash)).size).toBe(6)
  })

  it('hands on the best round, or the last', async () => {
    const score = { use: 'evaluate', split: 'validation' } as const
    for (const keep of ['best', 'last'] as const) {
      const { messages } = await run(createJob(folder, data, [{ ...federate, rounds: 3, keep }, score]))
      const { kept, rounds } = resultOf(outcomes(messages)[0], 'federate')
      if (keep === 'last') expect(kept).toBe(3)
      expect(rounds[kept - 1]!.top1).toBe(
        Math.max(...rounds.map(({ top1 }) => (keep === 'last' ? rounds[2]!.top1! : top1!))),
      )
      const { top1, loss } = resultOf(outcomes(messages)[1], 'evaluate')
      expect(top1).toBeCloseTo(rounds[kept - 1]!.top1!, 10)
      expect(loss).toBeCloseTo(rounds[kept - 1]!.loss!, 5)
    }
  })

  it('keeps pruned weights zero, and does not send them', async () => {
    const { messages } = await run(createJob(folder, data, [{ use: 'prune', sparsity: 0.75 }, federate]))
    const result = resultOf(outcomes(messages)[1], 'federate')
    expect(result.zeros).toBe(56_100)
    const { upBytes } = result.rounds[0]!.clients[0]!
    // A bit for each weight and 4 bytes for a quarter of them, about.
    expect(upBytes).toBeLessThan(0.3 * 4 * 75_290)
    expect(upBytes).toBeGreaterThan(0.25 * 4 * 75_290)
  })
})

describe('identities', () => {
  const alone = { clients: 1, rounds: 1, localEpochs: 3, keep: 'last', batchNorm: 'averaged' } as const

  it('one client in one round is a plain training', async () => {
    const { messages, result } = await work(
      { ...alone, optimizer: { kind: 'sgd', lr: 0.05, momentum: 0.9 } },
      { data: { augment: 'crop-flip' } },
    )
    expect(result.rounds).toHaveLength(1)
    const federated = lastModel(messages)
    const job = jobOf(alone)
    const dataset = await openDataset(data)
    const graph = architectureOf('resnet8-a')
    const { split, indices } = createSelect(job.recipe, dataset)('train')
    const compiled = new TrainableModel(await loadEngine(), graph, {
      sampleType: 'uint8',
      normalization: normalization('imagenet', 3),
      precision: 'f32',
      optimizer: { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 },
      labelSmoothing: 0,
      masked: new Set(),
    })
    try {
      compiled.assign({ weights: initialise(graph, job.seed), masks: new Map() })
      const seed = deriveSeed(deriveSeed(job.seed, 'federate', 0), 'client', 0, 0)
      for (let epoch = 0; epoch < 3; epoch++) {
        const how = { augmentation: 'crop-flip', seed: deriveSeed(seed, 'epoch', epoch) } as const
        let step = 0
        for await (const batch of epochBatches(split, epochOrder(indices, seed, epoch), 16, dataset, how))
          compiled.step({ ...batch, learningRate: 0.05, seed: deriveSeed(seed, 'dropout', epoch, step++) })
      }
      const expected = compiled.readParameters()
      for (const [name, values] of expected) expect(federated.weights.get(name), name).toEqual(values)
    } finally {
      compiled.dispose()
      await dataset.close()
    }
  })

  it('of one client, every federated strategy gives the same, and so does training in one place', async () => {
    const two = { ...alone, localEpochs: 1, rounds: 2, optimizer: { kind: 'sgd', lr: 0.05, momentum: 0 } } as const
    const { hash } = await work(two)
    for (const strategy of ['fednova', 'centralised', 'local'] as const)
      expect((await work({ ...two, strategy })).hash, strategy).toBe(hash)
    // Over many clients, centralised is the training of the one that holds everything.
    expect((await work({ ...two, clients: 5, strategy: 'centralised' })).hash).toBe(hash)
  })

  it('FedProx with mu of 0 is FedAvg, and with another it is not', async () => {
    const { hash } = await work({ keep: 'last' })
    expect((await work({ keep: 'last', strategy: { kind: 'fedprox', mu: 0 } })).hash).toBe(hash)
    expect((await work({ keep: 'last', strategy: { kind: 'fedprox', mu: 1 } })).hash).not.toBe(hash)
  })

  it("SCAFFOLD's first round is FedAvg's, its second is not", async () => {
    for (const rounds of [1, 2]) {
      const last = { rounds, keep: 'last' } as const
      const [averaged, corrected] = [await work(last), await work({ ...last, strategy: 'scaffold' })]
      expect(corrected.result.rounds[0]!.top1).toBe(averaged.result.rounds[0]!.top1)
      expect(corrected.result.rounds[0]!.loss).toBe(averaged.result.rounds[0]!.loss)
      if (rounds === 1) expect(corrected.hash).toBe(averaged.hash)
      else expect(corrected.result.rounds[1]!.loss).not.toBe(averaged.result.rounds[1]!.loss)
      // Both ways, the variates travel too: in the first round the server's are zero.
      expect(corrected.result.rounds[0]!.upBytes).toBeGreaterThan(1.99 * averaged.result.rounds[0]!.upBytes)
      const [first, second] = corrected.result.rounds.map(({ downBytes }) => downBytes)
      expect(first! / averaged.result.rounds[0]!.downBytes).toBeLessThan(1.01)
      if (second) expect(second).toBeGreaterThan(1.9 * first!)
    }
  })

  it('FedNova of clients with as many samples each is FedAvg, but for rounding', async () => {
    const even = { partition: 'iid', rounds: 1 } as const
    const [averaged, normalised] = [await work({ ...even }), await work({ ...even, strategy: 'fednova' })]
    expect(normalised.result.rounds[0]!.loss).toBeCloseTo(averaged.result.rounds[0]!.loss!, 5)
  })
})

describe('the unpruned twin', () => {
  it('is the same federation without pruning', async () => {
    const target = 0.05
    const { result, hash, messages } = await work({
      pruning: { mode: 'random', keep: 0.5 },
      keep: 'last',
      twin: true,
      target,
    })
    const alone = await work({ keep: 'last', target })
    const pruned = await work({ pruning: { mode: 'random', keep: 0.5 }, keep: 'last' })
    const withoutTime = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'seconds' ? 0 : part)))
    const { rounds, upBytes, downBytes, kept, target: reached } = alone.result
    const told = ofType(messages, 'federation').flatMap(({ report }) => (report.kind === 'round' ? [report] : []))
    expect(told.map(({ isTwin, round }) => [isTwin, round.round])).toEqual([
      [true, 1],
      [true, 2],
      [false, 1],
      [false, 2],
    ])
    expect(told.map(({ round }) => round)).toEqual([...result.twin!.rounds, ...result.rounds])
    expect(withoutTime(result.twin)).toEqual(withoutTime({ rounds, upBytes, downBytes, kept, target: reached }))
    expect(hash).toBe(pruned.hash)
  })
})

describe('statistics of batch normalisation', () => {
  it('are measured, averaged or kept, and the bytes say which', async () => {
    const found = []
    for (const batchNorm of ['recalibrated', 'averaged', 'local'] as const)
      found.push((await work({ batchNorm })).result)
    const up = found.map(({ rounds }) => rounds[1]!.clients[0]!.upBytes)
    const down = found.map(({ rounds }) => rounds[1]!.clients[0]!.downBytes)
    const statistics = 8 * 14 + 4 * 480
    expect(up[1]! - up[0]!).toBe(statistics)
    expect(up[2]).toBe(up[0])
    expect(down[0]).toBe(down[1])
    expect(down[0]! - down[2]!).toBe(statistics)
    // Kept local, a round is scored by all clients, each with its own.
    expect(found.map(({ rounds }) => rounds[0]!.loss === null)).toEqual([false, false, true])
  })
})

describe('clients differ', () => {
  it('some take part, some drop out, some do less by the deadline', async () => {
    const { result } = await work({
      clients: 6,
      rounds: 8,
      participation: 0.5,
      partition: 'iid',
      batch: 4,
      clientSamples: 0,
      heterogeneity: { slowest: 0.5, deadline: 3, dropOut: 0.3 },
    })
    const clients = result.rounds.flatMap(round => round.clients)
    expect(result.rounds.every(round => round.clients.length === 3)).toBe(true)
    const states = new Map(clients.map(({ state }) => [state, clients.filter(client => client.state === state)]))
    expect([...states.keys()].toSorted()).toEqual(['dropped', 'partial'])
    for (const { client, steps, upBytes, downBytes, state, top1 } of clients) {
      // 15 samples are 4 steps of 4; the deadline leaves 3 to the fastest, 1 to the slowest.
      const { speed } = result.clients[client - 1]!
      expect(steps).toBe(state === 'dropped' ? 0 : Math.floor(3 * speed + 1e-9))
      expect([upBytes > 0, downBytes > 0, top1]).toEqual([state !== 'dropped', true, null])
    }
    expect(new Set(result.clients.map(({ speed }) => speed.toFixed(1)))).toEqual(
      new Set(['0.5', '0.6', '0.7', '0.8', '0.9', '1.0']),
    )
  })

  it('the late are left out where the recipe says so, and a round needs somebody in time', async () => {
    const late = { partition: 'iid', batch: 6, heterogeneity: { slowest: 0.2, deadline: 5, late: 'left-out' } } as const
    const { result } = await work(late)
    expect(result.rounds[0]!.clients.map(({ state }) => state).toSorted()).toEqual(['done', 'late', 'late'])
    const { error } = await run(jobOf({ ...late, heterogeneity: { ...late.heterogeneity, deadline: 4 } }))
    expect(error).toMatchObject({ code: 'run.failed', message: expect.stringMatching(/^In round 1 none of 3 clients/) })
  })

  it('local only sends nothing, and every client goes on from its own model', async () => {
    const { result } = await work({ strategy: 'local', rounds: 3 })
    expect([result.upBytes, result.downBytes]).toEqual([0, 0])
    const means = result.rounds.map(({ clients }) =>
      clients.reduce((sum, { client, top1 }) => sum + (result.clients[client - 1]!.samples * top1!) / 90, 0),
    )
    for (const [i, { top1 }] of result.rounds.entries()) expect(top1).toBeCloseTo(means[i]!, 10)
  })
})

describe('a client that fails', () => {
  /** Four clients of eight samples; those of `clients` are so large that no loss can be computed of them. */
  function poisoned(clients: readonly number[]): string {
    const path = mkdtempSync(join(folder, 'poisoned-'))
    const random = createRandom(1)
    const size = 16 * 16 * 3
    const images = Float32Array.from({ length: 32 * size }, (_, i) =>
      clients.includes(Math.floor(i / (8 * size))) ? 1e38 : random.normal(),
    )
    writeFileSync(join(path, 'x_train.npy'), npyFile('<f4', [32, 16, 16, 3], bytesOf(images)))
    writeFileSync(
      join(path, 'y_train.npy'),
      npyFile(
        '|u1',
        [32],
        Uint8Array.from({ length: 32 }, (_, i) => i % 4),
      ),
    )
    return path
  }
  const listed = join(folder, 'listed.json')
  beforeAll(() => {
    writeFileSync(
      listed,
      JSON.stringify([0, 1, 2, 3].map(client => Array.from({ length: 8 }, (_, i) => 8 * client + i))),
    )
  })
  const settings = {
    clients: 4,
    batch: 4,
    partition: { kind: 'file', path: listed },
    recalibrationBatches: 1,
    batchNorm: 'averaged',
  } as const

  it('is left out of its round with a note, and the round goes on', async () => {
    const { messages, error } = await run(
      createJob(folder, poisoned([2]), [{ ...federate, ...settings }], { data: { validation: 0, normalize: 'none' } }),
    )
    expect(error).toBeUndefined()
    const { rounds, kept } = resultOf(outcomes(messages)[0], 'federate')
    for (const { clients, top1 } of rounds) {
      expect(clients.map(({ state }) => state)).toEqual(['done', 'done', 'failed', 'done'])
      expect(clients[2]).toMatchObject({ note: expect.stringMatching(/NaN|finite/), upBytes: 0, trainLoss: null })
      expect(top1).toBeNull()
    }
    expect(kept).toBe(2)
    for (const values of lastModel(messages).weights.values()) expect(values.every(Number.isFinite)).toBe(true)
  })

  it('together with all others stops the run', async () => {
    const { error } = await run(
      createJob(folder, poisoned([0, 1, 2, 3]), [{ ...federate, ...settings }], {
        data: { validation: 0, normalize: 'none' },
      }),
    )
    expect(error).toMatchObject({ code: 'run.failed', message: expect.stringMatching(/none of 4 clients.*Client 1: /) })
  })
})
