/**
 * What every schedule with every allocation has to keep: the zeros that were asked for after each stage, in the file of its
 * model and after going on, and none of them ever growing back.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphCost, nonzeroMacs } from '../../../src/core/graph/cost.ts'
import type { Masks } from '../../../src/core/graph/model.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { layerSparsity } from '../../../src/core/pruning/sparsity.ts'
import { createRandom } from '../../../src/core/random.ts'
import type { FromEngine } from '../../../src/engine/protocol.ts'
import { readSavedKernel } from '../../../src/engine/training/state-file.ts'
import { modelFromBytes } from '../../../src/formats/model-file.ts'
import { curveAllocations } from '../../../src/shared/distortion.ts'
import { type AllocationId, allocations, idsOf } from '../../../src/shared/methods.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { ofType, outcomes, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 20, test: 10 })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** 18 training samples: 3 steps an epoch, the last one short. */
const train = { epochs: 1, batch: 8, optimizer: { kind: 'sgd', lr: 0.05, weightDecay: 1e-3 } } as const
const weights = 74_800
const sparsities = [0.3, 0.6, 0.8, 0.8]

/** Each schedule after the one before. Those that solve from curves measure them for each target: once is enough. */
function stagesOf(allocation: AllocationId): RecipeInput['stages'] {
  const once = { use: 'prune', allocation, sparsity: 0.3 } as const
  if (curveAllocations.includes(allocation)) return [{ ...once, fractions: [0.3, 0.6], calibration: { images: 4 } }]
  const gradual = { kind: 'gradual', endEpoch: 1, per: 'step' } as const
  return [
    once,
    { use: 'prune', allocation, sparsity: 0.6, schedule: gradual, train },
    { use: 'prune', allocation, sparsity: 0.8, schedule: { kind: 'iterative', rounds: 2 }, train },
    ...(allocation === 'global' ? [{ use: 'train', ...train } as const] : []),
  ]
}

function isGrown(before: Masks, after: Masks): boolean {
  return [...before].some(([name, mask]) => mask.some((kept, i) => kept === 0 && after.get(name)?.[i] !== 0))
}

/** Every model that was handed back, read from its file, against what its stage said and the model before it. */
function checkModels(messages: readonly FromEngine[], allocation: AllocationId): void {
  let before: Masks = new Map()
  const finished = ofType(messages, 'stage-finished')
  for (const { modelFile, outcome, stage } of finished) {
    const model = modelFromBytes(readFileSync(modelFile!), 'model')
    const layers = layerSparsity(model.graph, model.weights)
    const zeros = layers.reduce((sum, layer) => sum + layer.zeros, 0)
    expect(outcome.result).toMatchObject({ zeros, weights })
    if (outcome.use === 'prune') {
      expect(outcome.result.layers).toEqual(layers)
      const cost = graphCost(model.graph)
      const nonzero = nonzeroMacs(cost.layers, new Map(layers.map(({ name, zeros }) => [name, zeros])))
      expect(outcome.result.macs).toEqual({ total: cost.macs, nonzero })
    }
    const asked = sparsities[stage]!
    if (allocation === 'uniform') for (const layer of layers) expect(layer.zeros).toBe(floorShare(asked, layer.weights))
    else expect(zeros).toBe(floorShare(asked, weights))
    // A zero is a masked weight and a masked weight is zero.
    for (const [name, mask] of model.masks) {
      const values = model.weights.get(name)!
      expect(mask.every((kept, i) => kept === Number(values[i] !== 0))).toBe(true)
    }
    expect(isGrown(before, model.masks)).toBe(false)
    before = model.masks
  }
}

describe.each(idsOf(allocations))('%s', allocation => {
  it('has the zeros that were asked for after every stage, stopped and gone on with on the way', async () => {
    const stages = stagesOf(allocation)
    const random = createRandom(11)
    const messages: FromEngine[] = []
    let job = createJob(folder, data, stages, { saveEveryMs: 0 })
    for (let stops = 0; ; stops++) {
      let left = stops < 2 ? 3 + random.below(5) : Number.POSITIVE_INFINITY
      const part = await run(job, (message, stop) => {
        if (message.type === 'progress' && --left <= 0) stop()
      })
      messages.push(...part.messages)
      if (!part.error) break
      expect(part.error).toMatchObject({ code: 'run.stopped' })
      const finished = ofType(messages, 'stage-finished')
      const modelFile = finished.at(-1)?.modelFile
      const workDirectory = mkdtempSync(join(folder, 'work-'))
      job = { ...job, workDirectory, firstStage: finished.length, ...(modelFile && { modelFile }) }
    }
    expect(outcomes(messages)).toHaveLength(stages.length)
    checkModels(messages, allocation)
  })
})

it('the state of a pruning while it trains has the zeros of its step, layer by layer', async () => {
  const gradual = stagesOf('global')[1]!
  const job = createJob(folder, data, [gradual], { saveEveryMs: 0 })
  const { messages } = await run(job, (message, stop) => {
    if (message.type === 'progress' && message.done >= 16) stop()
  })
  const [snapshot] = ofType(messages, 'layers').slice(-1)
  expect(snapshot?.layers.some(({ zeros }) => zeros > 0)).toBe(true)
  for (const { name, zeros, weights } of snapshot!.layers) {
    const saved = (await readSavedKernel(job.stateDirectory, { stage: 0, layer: name }))!
    expect(saved.dims.reduce((product, size) => product * size, 1)).toBe(weights)
    expect(saved.values.filter(value => value === 0)).toHaveLength(zeros)
    expect(saved.epoch * 3 + saved.step).toBeGreaterThanOrEqual(snapshot!.step)
  }
  expect(await readSavedKernel(job.stateDirectory, { stage: 1, layer: 'conv1' })).toBeUndefined()
  expect(await readSavedKernel(job.stateDirectory, { stage: 0, layer: 'conv99' })).toBeUndefined()
  expect(await readSavedKernel(join(folder, 'absent'), { stage: 0, layer: 'conv1' })).toBeUndefined()
})
