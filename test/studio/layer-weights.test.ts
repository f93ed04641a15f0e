import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { modelToBytes } from '../../src/formats/model-file.ts'
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
