/** A run that ended anywhere goes on to the very bits that it would have come to. */
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRandom } from '../../../src/core/random.ts'
import type { FromEngine, Job } from '../../../src/engine/protocol.ts'
import { readState, readStateHeader } from '../../../src/engine/training/state-file.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { curve, hashes, type Message, ofType, outcomes, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

/** How many more bytes of states the disk takes. */
let room = Number.POSITIVE_INFINITY
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>()
  return {
    ...real,
    async open(...args: Parameters<typeof real.open>) {
      const file = await real.open(...args)
      if (!String(args[0]).includes('training.safetensors')) return file
      const write = file.write.bind(file) as (...at: unknown[]) => Promise<{ bytesWritten: number }>
      return Object.assign(file, {
        async write(bytes: Uint8Array, offset: number, length: number, position: number) {
          if (length > room) {
            await write(bytes, offset, Math.floor(length / 2), position)
            throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
          }
          return write(bytes, offset, length, position)
        },
      })
    },
  }
})

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 50, test: 20 })
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  room = Number.POSITIVE_INFINITY
})

/** 45 training samples in batches of 8: 6 steps an epoch, the last one short. */
const train = { epochs: 3, batch: 8, schedule: 'cosine', labelSmoothing: 0.1, clipNorm: 1 } as const
const federation = { use: 'federate', clients: 3, rounds: 3, localEpochs: 2, batch: 8, partition: 'iid' } as const
const recipes: Record<string, RecipeInput['stages']> = {
  'training with momentum': [
    { use: 'prune', sparsity: 0.5 },
    { use: 'train', ...train, optimizer: { kind: 'sgd', lr: 0.05, nesterov: true, weightDecay: 1e-3 } },
    { use: 'evaluate' },
  ],
  'training with Adam': [
    { use: 'train', ...train, optimizer: 'adam', keep: 'last' },
    { use: 'recalibrate', batches: 2 },
  ],
  'training a few random weights': [
    { use: 'train', ...train, trainable: 'random-weights', optimizer: { kind: 'sgd', lr: 0.5, weightDecay: 1e-3 } },
    { use: 'train', ...train, epochs: 1, trainable: 'batchnorm' },
  ],
  'gradual pruning': [
    {
      use: 'prune',
      sparsity: 0.9,
      score: 'taylor',
      gradientBatches: 2,
      schedule: { kind: 'gradual', endEpoch: 2, per: 'step' },
      train: { ...train, optimizer: 'adamw' },
    },
  ],
  distillation: [
    { use: 'evaluate' },
    { use: 'prune', sparsity: 0.5 },
    {
      use: 'distill',
      ...train,
      epochs: 2,
      teacher: { stage: 0 },
      loss: 'feature',
      optimizer: { kind: 'sgd', lr: 0.05, nesterov: true },
    },
  ],
  'a federation': [
    { use: 'prune', sparsity: 0.5 },
    {
      ...federation,
      strategy: 'scaffold',
      batchNorm: 'local',
      participation: 0.7,
      heterogeneity: { slowest: 0.5, deadline: 3, dropOut: 0.2 },
      optimizer: { kind: 'sgd', lr: 0.05, weightDecay: 1e-3 },
    },
  ],
  'a federation with gates and its twin': [
    { ...federation, rounds: 2, pruning: 'gate', twin: true, target: 0.2 },
    { use: 'evaluate' },
  ],
  'a federation of salient weights': [{ ...federation, pruning: 'salience', strategy: 'fednova', participation: 0.7 }],
  'iterative pruning': [
    { use: 'prune', sparsity: 0.8, schedule: { kind: 'iterative', rounds: 2 }, train: { ...train, epochs: 2 } },
  ],
}

const startJob = (stages: RecipeInput['stages'], more: Omit<Partial<Job>, 'recipe'> = {}) =>
  createJob(folder, data, stages, { data: { augment: 'crop-flip-reflect' }, ...more })

/** The same job for a process that goes on: what is finished is not done again. */
function goOn(job: Job, messages: readonly FromEngine[]): Job {
  const finished = ofType(messages, 'stage-finished')
  const modelFile = finished.findLast(message => message.modelFile !== undefined)?.modelFile ?? job.modelFile
  const workDirectory = mkdtempSync(join(folder, 'work-'))
  return { ...job, workDirectory, firstStage: job.firstStage + finished.length, ...(modelFile && { modelFile }) }
}

const trainedStages = (stages: RecipeInput['stages']) =>
  stages.flatMap(({ use, ...rest }, index) =>
    use === 'train' || use === 'distill' || use === 'federate' || 'train' in rest ? [index] : [],
  )
const curves = (messages: readonly FromEngine[], stage: number) =>
  [
    'loss',
    'gradientNorm',
    'trainLoss',
    'valTop1',
    'valLoss',
    'sparsity',
    'twin.loss',
    'disabledFeatures',
    'learningRate',
  ].map(name => new Map(curve(messages, name, stage)))
const timeless = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'seconds' ? 0 : part)))
const withoutTime = (messages: readonly FromEngine[]) => timeless(outcomes(messages))

/** What a project keeps of a federation: cut where the state of a run that goes on says so, then added to. */
function keepReports() {
  let kept: Message<'federation'>[] = []
  return {
    hear(messages: readonly FromEngine[]) {
      kept = [...kept, ...ofType(messages, 'federation')]
    },
    goOn({ stateDirectory, firstStage }: Job) {
      const header = readStateHeader(stateDirectory)
      const after = header?.stage === firstStage ? header.after : -1
      kept = kept.filter(({ stage, step }) => stage < firstStage || (stage === firstStage && step <= after))
    },
    rounds: (stage: number) =>
      kept.flatMap(message => (message.stage === stage && message.report.kind === 'round' ? [message.report] : [])),
  }
}

/** Every round once, and as the result has it. */
function expectRounds(reports: ReturnType<typeof keepReports>, messages: readonly FromEngine[]): void {
  for (const { stage, outcome } of ofType(messages, 'stage-finished')) {
    if (outcome.use !== 'federate') continue
    const { twin, rounds } = outcome.result
    expect(timeless(reports.rounds(stage))).toEqual(
      timeless([
        ...(twin?.rounds ?? []).map(round => ({ kind: 'round', isTwin: true, round })),
        ...rounds.map(round => ({ kind: 'round', isTwin: false, round })),
      ]),
    )
  }
}

describe.each(Object.entries(recipes))('%s', (_, stages) => {
  it('stopped again and again, gives the bits, the results and the curves of one that was not', async () => {
    const whole = await run(startJob(stages))
    expect(whole.error).toBeUndefined()
    const random = createRandom(7)
    const messages: FromEngine[] = []
    const reports = keepReports()
    let job = startJob(stages)
    for (let stops = 0; ; stops++) {
      expect(stops).toBeLessThan(50)
      // A stop is heard between two steps, or two batches of validation or of another stage.
      let left = 2 + random.below(6)
      const part = await run(job, (message, stop) => {
        if (message.type === 'progress' && --left <= 0) stop()
      })
      messages.push(...part.messages)
      reports.hear(part.messages)
      if (!part.error) break
      expect(part.error).toMatchObject({ code: 'run.stopped' })
      job = goOn(job, part.messages)
      reports.goOn(job)
    }
    expectRounds(reports, messages)
    expect(hashes(messages)).toEqual(hashes(whole.messages))
    expect(withoutTime(messages)).toEqual(withoutTime(whole.messages))
    for (const stage of trainedStages(stages)) {
      // Points that were told twice are the same: the later ones replace the earlier.
      for (const [i, points] of curves(whole.messages, stage).entries()) {
        if (i < 8) expect(curves(messages, stage)[i]).toEqual(points)
      }
    }
  })
})

describe('killed', () => {
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  /** Runs `job` in a process of its own and kills it after `steps` steps; undefined = never. */
  async function work(job: Job, steps?: number): Promise<FromEngine[]> {
    const child = fork('src/engine/worker.ts', [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    children.push(child)
    const messages: FromEngine[] = []
    let done = 0
    child.on('message', (message: FromEngine) => {
      messages.push(message)
      if (message.type === 'ready') child.send({ type: 'start', job })
      if (message.type === 'metrics') done += message.points.filter(({ name }) => name === 'loss').length
      if (steps !== undefined && done >= steps) child.kill('SIGKILL')
    })
    await once(child, 'close')
    return messages
  }

  it.each(['gradual pruning', 'a federation'])('at random steps, with kill -9: %s', async name => {
    const stages = recipes[name]!.slice(-1)
    const expected = hashes((await run(startJob(stages))).messages)
    const random = createRandom(3)
    const reports = keepReports()
    let job = startJob(stages, { saveEveryMs: 0 })
    for (let kill = 0; kill < 3; kill++) {
      const messages = await work(job, 1 + random.below(5))
      expect(ofType(messages, 'stage-finished')).toEqual([])
      reports.hear(messages)
      job = goOn(job, messages)
      reports.goOn(job)
    }
    const messages = await work(job)
    reports.hear(messages)
    expectRounds(reports, messages)
    expect(messages.at(-1)).toEqual({ type: 'finished' })
    expect(hashes(messages)).toEqual(expected)
    const [outcome] = outcomes(messages)
    if (outcome?.use === 'prune') expect(outcome.result.zeros).toBe(Math.floor(0.9 * 74_800))
  })
})

describe('the state on disk', () => {
  const stages = recipes['training with Adam']!
  const fileOf = (job: Job) => join(job.stateDirectory, 'training.safetensors')
  const hashOf = (job: Job) =>
    createHash('sha256')
      .update(readFileSync(fileOf(job)))
      .digest('hex')

  it('says where it stands, where the record ends, and what of it may not have been written yet', async () => {
    const job = startJob(stages, { saveEveryMs: 0 })
    const { messages } = await run(job, (message, stop) => {
      if (message.type === 'progress' && message.done >= 8 * 9) stop()
    })
    const state = (await readState(job.stateDirectory))!
    const { stage, position, tail } = state
    expect(stage).toBe(0)
    const steps = position.epoch * 6 + position.step
    const { after } = tail
    expect(readStateHeader(job.stateDirectory)).toEqual({ stage: 0, after, isSecondPart: false })
    const losses = tail.points.filter(({ name }) => name === 'loss').map(({ step, value }) => [step, value])
    expect(losses.map(([step]) => step)).toEqual(Array.from({ length: steps - after }, (_, i) => after + i + 1))
    expect(losses).toEqual(curve(messages, 'loss').slice(after))
    expect([...state.best.keys()]).toEqual(position.best ? expect.arrayContaining(['conv1.weight']) : [])
  })

  it('is what it was when the disk is full, training goes on, and the log says so', async () => {
    const expected = hashes((await run(startJob(stages))).messages)
    const job = startJob(stages)
    let before = ''
    const { messages, error } = await run(job, message => {
      if (message.type !== 'metrics' || room === 0 || !existsSync(fileOf(job))) return
      // From the first state on.
      before = hashOf(job)
      room = 0
    })
    expect(error).toBeUndefined()
    expect(hashes(messages)).toEqual(expected)
    expect(before).not.toBe('')
    expect(hashOf(job)).toBe(before)
    const said = ofType(messages, 'log').map(({ text }) => text)
    expect(said[0]).toMatch(/^The state of the run was not saved, the one before it is still there\. The disk is full/)
    // A process that dies now goes on from there.
    room = Number.POSITIVE_INFINITY
    const again = await run({ ...job, workDirectory: mkdtempSync(join(folder, 'work-')) })
    expect(hashes(again.messages)).toEqual(expected)
  })

  it('of other settings is not gone on from, and a damaged one is refused', async () => {
    const job = startJob(stages)
    await run(job, (message, stop) => message.type === 'progress' && stop())
    const other = { ...job, seed: 5, workDirectory: mkdtempSync(join(folder, 'work-')) }
    expect(hashes((await run(other)).messages)).toEqual(hashes((await run(startJob(stages, { seed: 5 }))).messages))
    writeFileSync(fileOf(job), readFileSync(fileOf(job)).subarray(0, 5000))
    expect((await run({ ...job, firstStage: 0 })).error).toMatchObject({ code: expect.stringMatching(/^file\./) })
    expect(readStateHeader(join(folder, 'absent'))).toBeUndefined()
  })
})
