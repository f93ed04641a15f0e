import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { loadEngine } from '../../../src/engine/runtime/load.ts'
import { readState } from '../../../src/engine/training/state-file.ts'
import { modelToBytes } from '../../../src/formats/model-file.ts'
import type { BatchNormInitId, TrainableId } from '../../../src/shared/methods.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { curve, hashes, lastModel, ofType, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 97, test: 20 })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** 87 training and 10 validation samples: 5 steps of 16 and one of 7 an epoch. */
const training = { use: 'train', epochs: 3, batch: 16, optimizer: { kind: 'sgd', lr: 0.05 } } as const
const job = (stages: RecipeInput['stages'], more: Parameters<typeof createJob>[3] = {}) =>
  createJob(folder, data, stages, { ...more, data: { augment: 'crop-flip', ...more.data } })

describe('train', () => {
  it('says what every epoch and every step came to, and leaves the best epoch', async () => {
    const { messages, error } = await run(job([{ ...training, schedule: 'cosine' }, { use: 'evaluate' }]))
    expect(error).toBeUndefined()
    const result = resultOf(outcomes(messages)[0], 'train')
    expect(result).toMatchObject({ trainableParams: 75_290, zeros: 0, weights: 74_800, stoppedEarly: false })
    expect(result.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3])

    const losses = curve(messages, 'loss')
    expect(losses.map(([step]) => step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1))
    for (const [index, epoch] of result.epochs.entries()) {
      const own = losses.slice(6 * index, 6 * index + 6).map(([, loss], i) => loss * (i < 5 ? 16 : 7))
      expect(epoch.loss).toBeCloseTo(own.reduce((sum, loss) => sum + loss, 0) / 87, 10)
      expect(epoch.learningRate).toBeCloseTo(0.025 * (1 + Math.cos((Math.PI * index) / 3)), 12)
      expect([Number.isInteger(Math.round(epoch.valTop1! * 1e6) / 1e5), epoch.sparsity]).toEqual([true, 0])
    }
    expect(curve(messages, 'gradientNorm')).toHaveLength(18)
    for (const [name, key] of [
      ['valTop1', 'valTop1'],
      ['valLoss', 'valLoss'],
      ['trainLoss', 'loss'],
      ['trainTop1', 'trainTop1'],
    ] as const)
      expect(curve(messages, name)).toEqual(result.epochs.map((epoch, i) => [6 * (i + 1), epoch[key]]))
    expect(curve(messages, 'learningRate').map(([step]) => step)).toEqual([1, 6, 7, 12, 13, 18])
    expect(curve(messages, 'memory')[0]![1]).toBeGreaterThan(1e7)

    const best = result.epochs.reduce((a, b) =>
      b.valTop1! > a.valTop1! || (b.valTop1 === a.valTop1 && b.valLoss! < a.valLoss!) ? b : a,
    )
    expect(result.kept).toBe(best.epoch)
    const progress = ofType(messages, 'progress').filter(({ stage }) => stage === 0)
    expect(progress[0]).toMatchObject({ done: 16, total: 261, unit: 'samples' })
  })

  it('the kept weights are those of the best epoch, or of the last', async () => {
    const score = { use: 'evaluate', split: 'validation' } as const
    // A rate that is far too high at first: the epochs differ.
    const wild = { ...training, optimizer: { kind: 'sgd', lr: 0.5 }, schedule: 'linear' } as const
    const found = []
    for (const keep of ['best', 'last'] as const) {
      const { messages } = await run(job([{ ...wild, keep }, score]))
      const [trained, scored] = outcomes(messages)
      const { kept, epochs } = resultOf(trained, 'train')
      const { top1, loss } = resultOf(scored, 'evaluate')
      expect(top1).toBeCloseTo(epochs[kept - 1]!.valTop1!, 10)
      expect(loss).toBeCloseTo(epochs[kept - 1]!.valLoss!, 5)
      found.push({ kept, epochs: epochs.map(({ seconds: _, ...epoch }) => epoch) })
    }
    expect(found[0]!.epochs).toEqual(found[1]!.epochs)
    expect(found[1]!.kept).toBe(3)
  })

  it('gives the same bits again, and other ones for another seed, stage and augmentation', async () => {
    const stages = [
      { ...training, epochs: 1 },
      { ...training, epochs: 1 },
    ] as const
    const [one, again, seed, plain] = await Promise.all([
      run(job([...stages])),
      run(job([...stages])),
      run(job([...stages], { seed: 1 })),
      run(job([...stages], { data: { augment: 'none' } })),
    ])
    expect(hashes(one.messages)).toEqual(hashes(again.messages))
    expect(new Set([one, seed, plain].flatMap(({ messages }) => hashes(messages))).size).toBe(6)
    // The second training draws another order than the first.
    expect(curve(one.messages, 'loss', 1)).not.toEqual(curve(one.messages, 'loss', 0))
  })

  it('keeps what is pruned at zero, whatever the optimizer', async () => {
    for (const optimizer of [
      { kind: 'sgd', lr: 0.1, momentum: 0.9, weightDecay: 1e-2 },
      { kind: 'adamw', lr: 0.01, weightDecay: 0.1 },
    ] as const) {
      const stages = [
        { use: 'prune', sparsity: 0.7 },
        { ...training, epochs: 2, optimizer },
        { use: 'evaluate' },
      ] as const
      const { messages, error } = await run(job([...stages]))
      expect(error).toBeUndefined()
      const [pruned, trained, scored] = outcomes(messages)
      const { zeros } = resultOf(pruned, 'prune')
      expect(zeros).toBe(Math.floor(0.7 * 74_800))
      expect([resultOf(trained, 'train').zeros, resultOf(scored, 'evaluate').zeros]).toEqual([zeros, zeros])
      // The file that was written is read and checked: under its masks weights are zero.
      const { masks } = lastModel(messages)
      expect([...masks.values()].reduce((sum, mask) => sum + mask.filter(kept => kept === 0).length, 0)).toBe(zeros)
    }
  })

  it('stops early when validation grows no better, and needs none without a validation split', async () => {
    const slow = { ...training, epochs: 8, optimizer: { kind: 'sgd', lr: 1e-9 }, earlyStop: 2 } as const
    const { messages } = await run(job([slow]))
    const { epochs, kept, stoppedEarly } = resultOf(outcomes(messages)[0], 'train')
    expect(stoppedEarly).toBe(true)
    expect(epochs.length - kept).toBe(2)
    const { messages: none } = await run(job([training], { data: { validation: 0 } }))
    const all = resultOf(outcomes(none)[0], 'train')
    expect(all.epochs.map(({ valTop1 }) => valTop1)).toEqual([null, null, null])
    expect(all.kept).toBe(3)
    expect(curve(none, 'loss')).toHaveLength(3 * 6) // a rest of 97 = 6 x 16 + 1 is left out
  })

  it('a loss that is not finite stops the run, naming the step, and the last good state is kept', async () => {
    // One step makes the weights huge, the next loss cannot be computed any more.
    const hot = { ...training, optimizer: { kind: 'sgd', lr: 100, momentum: 0 } } as const
    const graph = architectureOf('resnet8-a')
    const weights = new Map(initialise(graph, 0))
    for (const name of ['linear.weight'])
      weights.set(
        name,
        weights.get(name)!.map(value => value * 1e18),
      )
    const file = join(folder, 'hot.safetensors')
    writeFileSync(file, modelToBytes({ architecture: 'resnet8-a', graph, weights, masks: new Map() }))
    const started = job([hot], { model: { checkpoint: file } })
    const { messages, error } = await run(started)
    expect(error).toMatchObject({
      code: 'run.not-finite',
      message: expect.stringMatching(/^(In step \d of epoch \d|After epoch \d), /),
    })
    expect(outcomes(messages)).toEqual([])
    const state = (await readState(started.stateDirectory))!
    for (const [name, values] of state.tensors) expect(values.every(Number.isFinite), name).toBe(true)
    const again = await run({ ...started })
    // It goes on from the state before that step and says the same.
    expect(again.error).toMatchObject({ code: 'run.not-finite', message: error.message })
  })

  it('gives its session back and leaves no tensor behind', async () => {
    const { binding } = await loadEngine()
    const before = [binding.getNumOfSavedModels(), binding.getNumOfTensors()]
    await run(
      job([
        { ...training, epochs: 1 },
        { use: 'prune', sparsity: 0.5 },
        { use: 'recalibrate', batches: 2, batch: 16 },
      ]),
    )
    expect([binding.getNumOfSavedModels(), binding.getNumOfTensors()]).toEqual(before)
  })
})

describe('trainable', () => {
  const graph = architectureOf('resnet8-b')
  const [batchNorm, shortcuts, output] = [672, 2560, 650]
  const isBatchNorm = (name: string) => /^gamma|beta$/.test(graph.parameters[name]!.role)
  const isShortcut = (name: string) => name.endsWith('shortcut.0.weight')
  const isOutput = (name: string) => name.startsWith('linear')
  const arms: Record<TrainableId, { count: number; changes: (name: string) => boolean }> = {
    all: { count: 78_042, changes: () => true },
    batchnorm: { count: batchNorm, changes: isBatchNorm },
    'batchnorm-shortcut-output': {
      count: batchNorm + shortcuts + output,
      changes: name => isBatchNorm(name) || isShortcut(name) || isOutput(name),
    },
    'shortcut-output': { count: shortcuts + output, changes: name => isShortcut(name) || isOutput(name) },
    'random-weights': { count: batchNorm, changes: name => graph.parameters[name]!.dims.length === 4 },
    none: { count: 0, changes: () => false },
  }

  it.each(Object.entries(arms))('%s: all else keeps its bits, and running statistics move', async (id, arm) => {
    const trainable = id as TrainableId
    const optimizer = { kind: 'sgd', lr: 0.1, weightDecay: 1e-2 } as const
    const stage = { ...training, epochs: 2, keep: 'last', trainable, optimizer } as const
    const { messages, error } = await run(
      job([stage, { use: 'evaluate' }], { model: { architecture: 'resnet8-b', batchNorm: 'posneg' } }),
    )
    expect(error).toBeUndefined()
    const result = resultOf(outcomes(messages)[0], 'train')
    expect(result.trainableParams).toBe(arm.count)
    expect(result.disabledFeatures).toMatchObject({ threshold: 0.01, features: batchNorm / 2 })
    expect(result.epochs.every(({ loss, valLoss }) => loss > 0 && valLoss! > 0)).toBe(true)
    const before = initialise(graph, 0, 'posneg')
    const after = lastModel(messages).weights
    let changed = 0
    for (const [name, { role }] of Object.entries(graph.parameters)) {
      const [was, is] = [before.get(name)!, after.get(name)!]
      const isStatistic = role === 'mean' || role === 'variance'
      if (isStatistic || arm.changes(name)) expect(is, name).not.toEqual(was)
      else expect(is, name).toEqual(was)
      if (!isStatistic) changed += is.filter((value, i) => !Object.is(value, was[i])).length
    }
    // Weight decay moves everything that it may.
    expect(changed).toBeLessThanOrEqual(arm.count)
    expect(changed).toBeGreaterThanOrEqual(0.99 * arm.count)
    if (trainable === 'none')
      expect(new Set(curve(messages, 'gradientNorm').map(([, norm]) => norm))).toEqual(new Set([0]))
  })

  it('batch norm is told as it is at the start, now and then, and at the end', async () => {
    const stage = { ...training, epochs: 2, keep: 'last', trainable: 'batchnorm' } as const
    const { messages } = await run(job([stage], { model: { architecture: 'resnet8-b' } }))
    const told = ofType(messages, 'norms')
    // Few steps: each is told.
    expect(told.map(({ step }) => step)).toEqual(Array.from({ length: 13 }, (_, i) => i))
    const states = [
      [told[0]!, initialise(graph, 0, 'uniform')],
      [told.at(-1)!, lastModel(messages).weights],
    ] as const
    for (const [{ layers }, weights] of states) {
      expect(layers.reduce((sum, { features }) => sum + features, 0)).toBe(batchNorm / 2)
      for (const { name, features, disabled, gamma, beta } of layers) {
        const [gammas, betas] = [weights.get(`${name}.weight`)!, weights.get(`${name}.bias`)!]
        expect([gamma.low, gamma.high]).toEqual([Math.min(...gammas), Math.max(...gammas)])
        expect([beta.low, beta.high]).toEqual([Math.min(...betas), Math.max(...betas)])
        for (const { counts } of [gamma, beta]) expect(counts.reduce((sum, count) => sum + count, 0)).toBe(features)
        expect(disabled).toBe(gammas.filter(value => Math.abs(value) < 0.01).length)
      }
    }
    const { disabled, features } = resultOf(outcomes(messages)[0], 'train').disabledFeatures!
    expect(curve(messages, 'disabledFeatures').at(-1)).toEqual([12, disabled / features])
  })

  it('batch norm is not told where it does not learn', async () => {
    const stage = { ...training, epochs: 1, trainable: 'shortcut-output' } as const
    const { messages } = await run(job([stage], { model: { architecture: 'resnet8-b' } }))
    expect(ofType(messages, 'norms')).toEqual([])
  })

  it('fresh gammas come from U(0, 1) where less than all is trained, and a recipe may say another', async () => {
    const gammas = async (model: RecipeInput['model'], trainable: TrainableId) => {
      const still = { ...training, epochs: 1, trainable, optimizer: { kind: 'sgd', lr: 1e-30 } } as const
      const { messages } = await run(job([still], { model }))
      return lastModel(messages).weights.get('bn1.weight')
    }
    const architecture = 'resnet8-b'
    const expected = (init?: BatchNormInitId) => initialise(graph, 0, init).get('bn1.weight')
    expect(await gammas({ architecture }, 'batchnorm')).toEqual(expected('uniform'))
    expect(await gammas({ architecture }, 'all')).toEqual(expected('fixed'))
    expect(await gammas({ architecture, batchNorm: 'oneone' }, 'none')).toEqual(expected('fixed'))
    expect(await gammas({ architecture, batchNorm: 'posneg' }, 'batchnorm')).toEqual(expected('posneg'))
  })

  it('what the network does not have is refused', async () => {
    for (const trainable of ['batchnorm', 'random-weights', 'none'] as const) {
      const { error } = await run(job([{ ...training, trainable }], { model: { architecture: 'vgg11-cifar' } }))
      expect(error).toMatchObject({ code: 'model.invalid', message: expect.stringContaining('vgg11-cifar') })
    }
  })
})

describe('recalibrate', () => {
  const shift = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))

  it('replaces running statistics by those of the batches, and nothing else', async () => {
    const { messages, error } = await run(
      job([
        { use: 'prune', sparsity: 0.5 },
        { use: 'recalibrate', batches: 3, batch: 16 },
        { use: 'recalibrate', batches: 3, batch: 16 },
      ]),
    )
    expect(error).toBeUndefined()
    const [, first, second] = outcomes(messages)
    expect(resultOf(first, 'recalibrate')).toMatchObject({ batches: 3, samples: 48, zeros: 37_400, weights: 74_800 })
    expect(resultOf(first, 'recalibrate').shift).toBeGreaterThan(resultOf(second, 'recalibrate').shift)
    const graph = architectureOf('resnet8-a')
    const before = initialise(graph, 0)
    const after = lastModel(messages)
    for (const [name, { role }] of Object.entries(graph.parameters)) {
      const isStatistic = role === 'mean' || role === 'variance'
      if (isStatistic) expect(shift(after.weights.get(name)!, before.get(name)!)).toBeGreaterThan(1e-3)
      else if (role !== 'weight') expect(after.weights.get(name)).toEqual(before.get(name))
    }
  })

  it('does not need a whole batch, and says where there is nothing to measure', async () => {
    const { messages } = await run(job([{ use: 'recalibrate', batches: 8, batch: 4096 }]))
    expect(resultOf(outcomes(messages)[0], 'recalibrate')).toMatchObject({ batches: 1, samples: 87 })
    const { error } = await run(job([{ use: 'recalibrate' }], { model: { architecture: 'vgg11-cifar' } }))
    expect(error).toMatchObject({ code: 'stage.no-change', message: expect.stringContaining('vgg11-cifar') })
  })
})
