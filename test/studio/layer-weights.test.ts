import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { writeState } from '../../src/engine/training/state-file.ts'
import { modelToBytes } from '../../src/formats/model-file.ts'
import { stateFolder } from '../../src/studio/directories.ts'
import { isState, openStudio, recipeIn, type Script, scriptedEngines } from './harness.ts'
import { evaluated, pruned } from './project/examples.ts'

/** Prunes every third weight of the first layer; hands the model back with the stage that prunes. */
function prunedModel() {
  const graph = architectureOf('resnet8-a', { classes: 2, inputDims: [3, 32, 32] })
  const weights = initialise(graph, 1)
  const kernel = weights.get('conv1.weight')!
  for (let i = 0; i < kernel.length; i += 3) kernel[i] = 0
  return { model: { architecture: 'resnet8-a', graph, weights, masks: new Map() }, kernel }
}

const script: Script = (engine, message) => {
  if (message.type !== 'start') return
  engine.say({ type: 'engine', tensorflow: '2.21.0', device: 'CPU' })
  for (const [stage, { use }] of message.job.recipe.stages.entries()) {
    engine.say({ type: 'stage-started', stage })
    const modelFile = join(message.job.workDirectory, 'after.safetensors')
    if (use === 'prune') writeFileSync(modelFile, modelToBytes(prunedModel().model))
    const outcome = use === 'prune' ? pruned(4) : evaluated(2)
    engine.say({ type: 'stage-finished', stage, seconds: 1, outcome, ...(use === 'prune' && { modelFile }) })
  }
  engine.say({ type: 'finished' })
  engine.exit()
}

it('a layer is shown as the last stage that changed the model left it: zeros, histogram, bits', async () => {
  const studio = await openStudio({ spawnEngine: scriptedEngines(script).spawnEngine })
  const { runs } = await studio.call('run.start', { document: recipeIn(studio) })
  const { id } = runs[0]!
  await studio.until(isState(id, 'finished'))
  const { weights } = await studio.call('run.layer', { id, layer: 'conv1' })
  const { kernel } = prunedModel()
  expect(weights).toMatchObject({ stage: 1, dims: [16, 3, 3, 3], zeros: 144 })
  const bits = Buffer.from(weights!.mask!, 'base64')
  expect(bits.length).toBe(54)
  expect(kernel.every((value, i) => ((bits[i >> 3]! >> (i & 7)) & 1) === Number(value !== 0))).toBe(true)
  const { low, high, counts } = weights!.histogram
  expect([low, high]).toEqual([Math.min(...kernel), Math.max(...kernel)])
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(288)
  await expect(studio.call('run.layer', { id, layer: 'conv99' })).rejects.toMatchObject({ code: 'not-found' })
  await expect(studio.call('run.layer', { id: 'x', layer: 'conv1' })).rejects.toMatchObject({ code: 'not-found' })
})

it('a run that changed nothing yet has no weights to show', async () => {
  const studio = await openStudio({ spawnEngine: scriptedEngines(script).spawnEngine })
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { stages: [{ use: 'evaluate' }] }) })
  const { id } = runs[0]!
  await studio.until(isState(id, 'finished'))
  expect(await studio.call('run.layer', { id, layer: 'conv1' })).toEqual({ weights: null })
})

it('while a stage trains, a layer is shown as its state was saved last, and as the stage before left it until then', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, stopGraceMs: 50 })
  const coming = engines.next()
  const stages = [{ use: 'prune', sparsity: 0.5 } as const, { use: 'prune', sparsity: 0.6 } as const]
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { stages }) })
  const { id } = runs[0]!
  const engine = await coming
  const modelFile = join(studio.path, '..', 'after.safetensors')
  writeFileSync(modelFile, modelToBytes(prunedModel().model))
  const look = async (layer = 'conv1') => (await studio.call('run.layer', { id, layer })).weights
  const state = (stage: number, values: Float32Array) => ({
    stage,
    training: 'this',
    kernels: [{ layer: 'conv1', parameter: 'conv1.weight', dims: [2, 1, 1, 3] }],
    position: {
      ...{ epoch: 4, step: 17, seconds: 0, epochs: [], best: null },
      sums: { loss: 1, correct: 1, samples: 1, learningRate: 0.1, seconds: 1 },
    },
    tail: { after: 80, points: [], layers: [], norms: [], federation: [] },
    tensors: new Map([
      ['slot/conv1.weight', Float32Array.of(9, 9, 9, 9, 9, 9)],
      ['parameter/conv1.weight', values],
    ]),
    best: new Map(),
  })
  const folder = stateFolder(studio.path, id)
  engine.say({ type: 'stage-started', stage: 0 })
  await writeState(folder, state(1, Float32Array.of(1, 2, 3, 4, 5, 6)))
  expect(await look()).toBeNull()
  engine.say({ type: 'stage-finished', stage: 0, seconds: 1, outcome: pruned(4), modelFile })
  engine.say({ type: 'stage-started', stage: 1 })
  expect(await look()).toEqual({
    ...{ stage: 1, saved: { epoch: 4, step: 17 }, dims: [2, 1, 1, 3], zeros: 0 },
    histogram: expect.objectContaining({ low: 1, high: 6 }),
    mask: Buffer.from([0b111111]).toString('base64'),
  })
  await writeState(folder, state(1, Float32Array.of(1, 0, 3, 0, 5, 6)))
  expect(await look()).toMatchObject({ zeros: 2, mask: Buffer.from([0b110101]).toString('base64') })
  // Of another layer, of another stage, or in no state to be read: what the stage before left.
  await expect(look('conv99')).rejects.toMatchObject({ code: 'not-found' })
  await writeState(folder, state(0, Float32Array.of(1, 2, 3, 4, 5, 6)))
  expect(await look()).toMatchObject({ stage: 0, zeros: 144 })
  writeFileSync(join(folder, 'training.safetensors'), 'cut sh')
  expect(await look()).toMatchObject({ stage: 0, zeros: 144 })
  engine.exit()
})
