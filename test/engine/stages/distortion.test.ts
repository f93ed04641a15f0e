/** Pruning by rate-distortion curves, as a stage of a job. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { graphCost, nonzeroMacs } from '../../../src/core/graph/cost.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { standardFractions } from '../../../src/core/pruning/curves.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { layerSparsity } from '../../../src/core/pruning/sparsity.ts'
import { modelToBytes } from '../../../src/formats/model-file.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { hashes, lastModel, ofType, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 60, test: 10 })
})
afterAll(() => rmSync(folder, { recursive: true }))

type PruneInput = Extract<RecipeInput['stages'][number], { use: 'prune' }>
const rateDistortion = {
  use: 'prune',
  allocation: 'rate-distortion',
  sparsity: 0.6,
  calibration: { images: 24, choose: 'first' },
  fractions: [0.4, 0.6],
} as const satisfies PruneInput

const graph = architectureOf('resnet8-a')
const weights = graphCost(graph).prunable
const total = graphCost(graph).macs

const pruneOnce = (stage: Partial<PruneInput> = {}) => run(createJob(folder, data, [{ ...rateDistortion, ...stage }]))

async function resultOnce(stage: Partial<PruneInput> = {}) {
  const { messages, error } = await pruneOnce(stage)
  expect(error).toBeUndefined()
  return { result: resultOf(outcomes(messages)[0], 'prune'), messages }
}

describe('prune by rate-distortion', () => {
  it('says the curves beside the counts, and tells how far it is', async () => {
    const cacheDirectory = temporaryFolder()
    const job = createJob(folder, data, [rateDistortion], { cacheDirectory })
    const first = await run(job)
    const result = resultOf(outcomes(first.messages)[0], 'prune')
    expect(result).toMatchObject({ zeros: floorShare(0.6, weights), weights })
    expect(result.curves!.map(({ name }) => name)).toEqual(result.layers.map(({ name }) => name))
    for (const [i, curve] of result.curves!.entries()) {
      expect(curve.weights).toBe(result.layers[i]!.weights)
      expect(curve.fractions).toEqual([...standardFractions, 0.4, 0.6].sort((a, b) => a - b))
      expect(curve.zeroed).toEqual(curve.fractions.map(fraction => floorShare(fraction, curve.weights)))
      expect([curve.mean[0], curve.worst[0]]).toEqual([0, 0])
    }
    expect(result).not.toHaveProperty('additivity')
    const model = lastModel(first.messages)
    expect(layerSparsity(model.graph, model.weights)).toEqual(result.layers)
    const progress = ofType(first.messages, 'progress')
    expect(progress.every(({ done, total: all }) => done <= all && all > 24 * 8)).toBe(true)

    const second = await run({ ...job, workDirectory: createJob(folder, data, [rateDistortion]).workDirectory })
    expect(hashes(second.messages)).toEqual(hashes(first.messages))
    expect(ofType(second.messages, 'progress')).toEqual([])
    expect(resultOf(outcomes(second.messages)[0], 'prune')).toEqual(result)
    rmSync(cacheDirectory, { recursive: true })
  })

  it('is stopped while it measures, and goes on where it was, to the same model', async () => {
    const cacheDirectory = temporaryFolder()
    const longer = { ...rateDistortion, calibration: { images: 60, choose: 'first' } } as const
    const start = (directory: string, onMessage?: Parameters<typeof run>[1]) =>
      run(createJob(folder, data, [longer], { cacheDirectory: directory }), onMessage)
    const stopped = await start(cacheDirectory, (message, stop) => {
      if (message.type === 'progress' && message.done > message.total / 4) stop()
    })
    expect(stopped.error).toMatchObject({ code: 'run.stopped' })
    expect(outcomes(stopped.messages)).toEqual([])
    const [file] = readdirSync(join(cacheDirectory, 'distortion'))
    const state = JSON.parse(readFileSync(join(cacheDirectory, 'distortion', file!), 'utf8'))
    expect(state).toMatchObject({ samples: 0, layers: expect.any(Number) })
    expect(state.layers).toBeGreaterThan(0)
    const [resumed, whole] = [await start(cacheDirectory), await start(temporaryFolder())]
    expect(hashes(resumed.messages)).toEqual(hashes(whole.messages))
    expect(outcomes(resumed.messages)).toEqual(outcomes(whole.messages))
    rmSync(cacheDirectory, { recursive: true })
  })

  it('keeps floors and locks, and another curve makes another allocation', async () => {
    const floors = { conv1: 300 }
    const locks = { 'layer1.0.conv1': 0, linear: 0.25 }
    const { result } = await resultOnce({ floors, locks })
    const zeros = new Map(result.layers.map(layer => [layer.name, layer.zeros]))
    expect(zeros.get('conv1')).toBeLessThanOrEqual(132)
    expect([zeros.get('layer1.0.conv1'), zeros.get('linear')]).toEqual([0, 160])
    expect(result.zeros).toBe(floorShare(0.6, weights))
    const plans = await Promise.all(
      [{ curve: 'mean' } as const, { curve: 'worst' } as const, { allocation: 'lagrangian' } as const].map(
        async stage => (await resultOnce(stage)).result.layers,
      ),
    )
    expect(plans[0]).not.toEqual(plans[1])
  })

  it('to a share of MACs', async () => {
    const { result, messages } = await resultOnce({ budget: 'macs', sparsity: 0.5 })
    const zeros = new Map(result.layers.map(layer => [layer.name, layer.zeros]))
    expect(result.macs).toEqual({ total, nonzero: nonzeroMacs(graphCost(graph).layers, zeros) })
    expect(result.macs!.nonzero).toBeLessThanOrEqual(total - floorShare(0.5, total))
    // The largest step is a weight of the first stage, which is used in 1,024 places.
    expect(result.macs!.nonzero).toBeGreaterThan(total - floorShare(0.5, total) - 1024)
    const model = lastModel(messages)
    expect(layerSparsity(model.graph, model.weights)).toEqual(result.layers)
  })

  it('on noise, without looking at the data', async () => {
    const { result } = await resultOnce({ calibration: { images: 16, choose: 'noise' } })
    expect(result.curves![2]!.mean.at(-1)).toBeGreaterThan(0)
  })

  it('checks additivity where asked', async () => {
    const { result } = await resultOnce({ additivity: 5, curve: 'mean' })
    const { points, slope, rankCorrelation } = result.additivity!
    expect(points).toHaveLength(5)
    expect(points.every(({ sum, joint }) => sum > 0 && joint > 0)).toBe(true)
    expect(slope).toBeGreaterThan(0)
    expect(Math.abs(rankCorrelation)).toBeLessThanOrEqual(1)
  })

  it('in rounds with training between them: masks stay, curves are measured anew', { timeout: 120_000 }, async () => {
    const stage = {
      ...rateDistortion,
      schedule: { kind: 'iterative', rounds: 2 },
      train: { epochs: 1, batch: 27, optimizer: { kind: 'sgd', lr: 0.001 } },
    } as const satisfies PruneInput
    const cacheDirectory = temporaryFolder()
    const { messages, error } = await run(createJob(folder, data, [stage], { cacheDirectory }))
    expect(error).toBeUndefined()
    // One file for the model as it was found, one for what the first round made of it.
    expect(readdirSync(join(cacheDirectory, 'distortion'))).toHaveLength(2)
    rmSync(cacheDirectory, { recursive: true })
    const result = resultOf(outcomes(messages)[0], 'prune')
    expect(result.zeros).toBe(floorShare(0.6, weights))
    const rounds = ofType(messages, 'layers').filter(({ step }) => step > 0)
    const zeros = rounds.map(({ layers }) => layers.map(layer => layer.zeros))
    expect(new Set(zeros.map(counts => counts.join())).size).toBe(2)
    // Each round takes the same share a of what is left, 1 - (1 - a)^2 = 0.6.
    const afterOne = zeros[0]!.reduce((sum, count) => sum + count, 0)
    expect(Math.abs(afterOne - (1 - Math.sqrt(0.4)) * weights)).toBeLessThanOrEqual(1)
    for (const [i, counts] of zeros.slice(1).entries())
      expect(counts.every((count, layer) => count >= zeros[i]![layer]!)).toBe(true)
    // Each measurement is counted apart from the training around it.
    const parts = ofType(messages, 'progress').map(({ part }) => part)
    expect(parts.filter((part, i) => part !== parts[i - 1])).toEqual([
      'measuring curves',
      undefined,
      'measuring curves',
      undefined,
    ])
    // Those that the stage began with.
    expect(result.curves).toEqual((await resultOnce()).result.curves)
    expect(result.epochs).toHaveLength(2)
  })
})

describe('what cannot be is said first', () => {
  const measured = (messages: Awaited<ReturnType<typeof run>>['messages']) => ofType(messages, 'progress').length > 0

  it('before any stage: more calibration samples than there are', async () => {
    const stages = [{ use: 'evaluate' }, { ...rateDistortion, calibration: { images: 61 } }] as const
    const { messages, error } = await run(createJob(folder, data, [...stages]))
    expect(error).toMatchObject({
      code: 'argument.invalid',
      message: 'calibration.images is 61, and the data set has 60 training samples.',
    })
    expect(ofType(messages, 'stage-started')).toEqual([])
  })

  it('before any stage: data without training samples, or of another shape', async () => {
    const testOnly = writeCifar(temporaryFolder(), { test: 10 })
    const none = await run(createJob(folder, testOnly, [rateDistortion]))
    expect(none.error).toMatchObject({ code: 'dataset.no-split', file: testOnly })
    const gray = architectureOf('resnet8-a', { inputDims: [1, 32, 32] })
    const checkpoint = join(folder, 'gray.safetensors')
    const model = { architecture: 'resnet8-a', graph: gray, weights: initialise(gray, 0), masks: new Map() }
    writeFileSync(checkpoint, modelToBytes(model))
    const other = await run(createJob(folder, data, [rateDistortion], { model: { checkpoint } }))
    expect(other.error).toMatchObject({ code: 'dataset.shape', file: data })
    for (const { messages } of [none, other]) expect(ofType(messages, 'stage-started')).toEqual([])
  })

  it('before measuring: what is as sparse already', async () => {
    const { messages, error } = await run(createJob(folder, data, [{ use: 'prune', sparsity: 0.6 }, rateDistortion]))
    expect(error).toMatchObject({ code: 'prune.no-change', message: expect.stringContaining('are zero already') })
    expect(measured(messages)).toBe(false)
  })

  it.each([
    [{ sparsity: 0.995 }, 'prune.infeasible', 'The highest sparsity is 0.9899'],
    [{ floors: { 'layer3.0.conv2': 30_000 } }, 'prune.infeasible', 'The highest sparsity is 0.5937'],
    [{ floors: { linear: 641 } }, 'prune.infeasible', undefined],
    [{ locks: { lineal: 0 } }, 'argument.invalid', 'Did you mean "linear"?'],
    [{ sparsity: 0 }, 'prune.no-change', 'Ask for a higher sparsity'],
  ] as const)('before measuring: %j', async (stage, code, hint) => {
    const { messages, error } = await pruneOnce({ ...stage, calibration: { images: 23 } })
    expect(error).toMatchObject({ code })
    expect(error.hint ?? '').toContain(hint ?? '')
    expect(measured(messages)).toBe(false)
  })
})
