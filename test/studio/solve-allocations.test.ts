/** Allocations for a target, asked of a run that has curves. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { graphCost, prunableLayers } from '../../src/core/graph/cost.ts'
import type { Model } from '../../src/core/graph/model.ts'
import { initialise } from '../../src/core/initialise.ts'
import { zeroedCounts } from '../../src/core/pruning/curves.ts'
import { type PruneOptions, prune } from '../../src/core/pruning/prune.ts'
import { floorShare } from '../../src/core/pruning/share.ts'
import { modelFileSize, modelToBytes } from '../../src/formats/model-file.ts'
import type { DistortionCurve } from '../../src/shared/distortion.ts'
import { fakeReaders } from './fake-readers.ts'
import { isState, openStudio, recipeIn, type Script, scriptedEngines } from './harness.ts'

const graph = architectureOf('resnet8-a', { classes: 2, inputDims: [3, 32, 32] })
const fresh: Model = { architecture: 'resnet8-a', graph, weights: initialise(graph, 0), masks: new Map() }
const { prunable, macs } = graphCost(graph)
const fractions = [0, 0.3, 0.5, 0.7, 0.9, 0.99]
const curves: DistortionCurve[] = prunableLayers(graph).map(({ name, kernel }, i) => {
  const { length } = fresh.weights.get(kernel)!
  const mean = fractions.map(fraction => (1 + ((5 * i) % 7)) * fraction ** (1 + (i % 4)))
  const worst = mean.map(value => 3 * value)
  return { name, weights: length, fractions, zeroed: zeroedCounts(fractions, length), mean, worst }
})
const distortion = { curves, curve: 'worst', monotone: true, budget: 'weights' } as const
const pruned = (options: Partial<PruneOptions> = {}, model = fresh) =>
  prune(model, { allocation: 'rate-distortion', score: 'magnitude', sparsity: 0.5, distortion, ...options })
const zerosOf = (options?: Partial<PruneOptions>, model?: Model) => pruned(options, model).layers.map(l => l.zeros)

/** Prunes to a half, and further at every next stage; has measured the curves above. */
const script: Script = (engine, message) => {
  if (message.type !== 'start') return
  engine.say({ type: 'engine', tensorflow: '2.21.0', device: 'CPU' })
  let model = fresh
  for (const [stage, settings] of message.job.recipe.stages.entries()) {
    if (settings.use !== 'prune') throw new Error('only prunes')
    engine.say({ type: 'stage-started', stage })
    const { allocation, sparsity = 0, score } = settings
    const { layers, zeros, weights, ...done } = pruned({ allocation, sparsity, score: 'magnitude' }, model)
    model = done.model
    const modelFile = join(message.job.workDirectory, `after-${stage}.safetensors`)
    writeFileSync(modelFile, modelToBytes(model))
    const result = { zeros, weights, sparsity: zeros / weights, layers: [...layers] }
    const isMeasured = allocation === 'rate-distortion' || score === 'taylor'
    const outcome = { use: 'prune', result: { ...result, ...(isMeasured && { curves }) } } as const
    engine.say({ type: 'stage-finished', stage, seconds: 1, outcome, modelFile })
  }
  engine.say({ type: 'finished' })
  engine.exit()
}

async function studioWith(...stages: object[]) {
  const splits = [{ name: 'train' as const, count: 2000, perClass: [1000, 1000] }]
  const readers = fakeReaders({ dataset: { splits } })
  const studio = await openStudio({ spawnEngine: scriptedEngines(script).spawnEngine, readers })
  const document = { ...recipeIn(studio), stages: stages.map(stage => ({ use: 'prune', ...stage })) }
  const { runs } = await studio.call('run.start', { document })
  await studio.until(isState(runs[0]!.id, 'finished'))
  return { studio, run: runs[0]!.id }
}

it('answers several allocations for one target, with the numbers that a run would have', async () => {
  const { studio, run } = await studioWith({ allocation: 'rate-distortion', sparsity: 0.5 })
  const allocations = ['rate-distortion', 'global', 'uniform-plus', 'lamp'] as const
  const answer = await studio.call('allocation.solve', { run, stage: 0, allocations: [...allocations], sparsity: 0.8 })
  expect(answer.layers.map(({ name, weights, zeros }) => [name, weights, zeros])).toEqual(
    curves.map(({ name, weights }) => [name, weights, 0]),
  )
  expect(answer.asked).toEqual({ budget: 'weights', gone: floorShare(0.8, prunable), total: prunable })
  const whole = new Map(prunableLayers(graph).map(({ kernel }) => [kernel, 0]))
  const most = modelFileSize(fresh, whole)
  expect(answer.file).toEqual({ most, least: most - 4 * prunable })
  expect(answer.plans.map(({ allocation }) => allocation)).toEqual(allocations)
  for (const { allocation, plan, error } of answer.plans) {
    expect(error).toBeNull()
    expect(plan!.layers.map(({ zeros }) => zeros)).toEqual(zerosOf({ allocation, sparsity: 0.8 }))
    expect(plan).toMatchObject({ zeros: floorShare(0.8, prunable), gone: floorShare(0.8, prunable) })
    expect(plan!.macs.total).toBe(macs)
    expect(plan!.distortion).toBeCloseTo(plan!.layers.reduce((sum, layer) => sum + layer.distortion, 0))
  }
  const [ours, ...others] = answer.plans
  for (const { plan } of others) expect(ours!.plan!.distortion).toBeLessThanOrEqual(plan!.distortion)
})

it('takes the size of a file for a target, and says in bytes what cannot be reached', async () => {
  const { studio, run } = await studioWith({ allocation: 'rate-distortion', sparsity: 0.5 })
  const ask = (more: object) =>
    studio.call('allocation.solve', { run, stage: 0, allocations: ['rate-distortion'], ...more })
  const { asked, file, plans } = await ask({ bytes: 150_000 })
  expect(asked.gone).toBe(Math.ceil((file.most - 150_000) / 4))
  expect(plans[0]!.plan!.zeros).toBe(asked.gone)
  const locks = { 'layer3.0.conv2': 0 }
  const { error } = (await ask({ bytes: 100_000, locks })).plans[0]!
  const [, least] = /^A model file of 100000 bytes cannot be reached: the smallest that can has (\d+)\.$/.exec(
    error!.message,
  )!
  expect(error!.code).toBe('prune.infeasible')
  const smallest = (await ask({ bytes: Number(least), locks })).plans[0]!
  expect(file.most - 4 * smallest.plan!.zeros).toBe(Number(least))
  for (const [more, path] of [
    [{}, 'sparsity'],
    [{ bytes: 1000, sparsity: 0.5 }, 'sparsity'],
    [{ bytes: 1000, budget: 'macs' }, 'budget'],
  ] as const)
    await expect(ask(more)).rejects.toThrow(path)
})

it('takes floors, locks, curve and budget as asked, and those of the stage where nothing is', async () => {
  const locks = { conv1: 0 }
  const { studio, run } = await studioWith({ allocation: 'rate-distortion', sparsity: 0.5, locks })
  const ask = async (more: object) => {
    const { plans } = await studio.call('allocation.solve', {
      ...{ run, stage: 0, allocations: ['rate-distortion'], sparsity: 0.6 },
      ...more,
    })
    return plans[0]!.plan!.layers.map(({ zeros }) => zeros)
  }
  const with_ = (more: object) => zerosOf({ sparsity: 0.6, distortion: { ...distortion, ...more } })
  expect(await ask({})).toEqual(with_({ locks }))
  expect(await ask({ locks: {} })).toEqual(with_({}))
  expect(await ask({ locks: { linear: 0.5 }, floors: { conv1: 200 } })).toEqual(
    with_({ locks: { linear: 0.5 }, floors: { conv1: 200 } }),
  )
  expect(await ask({ locks: {}, budget: 'macs' })).toEqual(with_({ budget: 'macs' }))
  expect(await ask({ locks: {}, curve: 'mean' })).toEqual(with_({ curve: 'mean' }))
})

it('starts where the stage did: after an earlier prune', async () => {
  const { studio, run } = await studioWith({ sparsity: 0.4 }, { allocation: 'rate-distortion', sparsity: 0.5 })
  const answer = await studio.call('allocation.solve', {
    ...{ run, stage: 1, allocations: ['rate-distortion', 'global'], sparsity: 0.7 },
  })
  const { model, layers } = pruned({ allocation: 'global', sparsity: 0.4 })
  expect(answer.layers.map(({ zeros }) => zeros)).toEqual(layers.map(({ zeros }) => zeros))
  expect(answer.plans.map(({ plan }) => plan!.layers.map(({ zeros }) => zeros))).toEqual([
    zerosOf({ sparsity: 0.7 }, model),
    zerosOf({ sparsity: 0.7, allocation: 'global' }, model),
  ])
})

it('says of each allocation why it has no plan, and of a stage that it has no curves', async () => {
  const { studio, run } = await studioWith({ allocation: 'rate-distortion', sparsity: 0.5 }, { sparsity: 0.9 })
  const ask = (more: object) =>
    studio.call('allocation.solve', { run, stage: 0, allocations: ['rate-distortion', 'erk'], sparsity: 0.5, ...more })
  const codes = ({ plans }: Awaited<ReturnType<typeof ask>>) => plans.map(({ error }) => error?.code)
  expect(codes(await ask({ sparsity: 0.995 }))).toEqual(['prune.infeasible', undefined])
  expect(codes(await ask({ budget: 'macs' }))).toEqual([undefined, 'argument.invalid'])
  expect(codes(await ask({ locks: { lineal: 0 } }))).toEqual(['argument.invalid', undefined])
  await expect(ask({ stage: 1 })).rejects.toMatchObject({
    code: 'not-found',
    message: 'Stage 1 of run 1 has no rate-distortion curves.',
  })
  await expect(ask({ stage: 7 })).rejects.toMatchObject({ code: 'not-found' })
  await expect(ask({ run: 'x' })).rejects.toMatchObject({ code: 'not-found' })
})
