import { expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { gateModel } from '../../src/core/gate-model.ts'
import type { Model } from '../../src/core/graph/model.ts'
import { validateModel } from '../../src/core/graph/validate-model.ts'
import { initialise } from '../../src/core/initialise.ts'
import { modelFromBytes, modelToBytes } from '../../src/formats/model-file.ts'

function plain(): Model {
  const graph = architectureOf('resnet8-a', { classes: 4, inputDims: [3, 16, 16] })
  const weights = new Map(initialise(graph, 1))
  const mask = Uint8Array.from({ length: 640 }, (_, i) => Number(i >= 100))
  const kernel = 'layer1.0.conv1.weight'
  const own = Uint8Array.from({ length: weights.get(kernel)!.length }, (_, i) => mask[i % 640]!)
  weights.set(
    kernel,
    weights.get(kernel)!.map((value, i) => (own[i] === 1 ? value : 0)),
  )
  return { architecture: 'resnet8-a', graph, weights, masks: new Map([[kernel, own]]) }
}

it('keeps weights and masks, and is the same network from its file', () => {
  const model = plain()
  const gated = gateModel(model, 0.7, 5)
  validateModel(gated)
  expect(gated.masks).toBe(model.masks)
  for (const [name, values] of model.weights) expect(gated.weights.get(name)).toBe(values)
  const read = modelFromBytes(modelToBytes(gated), 'gated')
  expect(read.architecture).toBe('resnet8-a+gate0.7')
  expect(read.graph).toEqual(gated.graph)
  expect(read.weights).toEqual(gated.weights)
  expect(gateModel(model, 0.7, 5).weights).toEqual(gated.weights)
  expect(gateModel(model, 0.7, 6).weights).not.toEqual(gated.weights)
})

it('keeps gates that are there when they are to keep another share', () => {
  const first = gateModel(plain(), 0.7, 5)
  expect(gateModel(first, 0.7, 9)).toBe(first)
  const second = gateModel(first, 0.5, 9)
  expect(second.architecture).toBe('resnet8-a+gate0.5')
  expect(second.weights).toEqual(first.weights)
  expect(second.graph.nodes.find(({ op }) => op === 'ChannelGate')!.attributes['keep']).toBe(0.5)
})
