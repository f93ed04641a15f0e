import { expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { countFeatures, disableFeatures, normsOf } from '../../src/core/features.ts'
import { initialise } from '../../src/core/initialise.ts'

const graph = architectureOf('resnet8-b')

it('has a feature a channel of every batch norm: half of 224 + 448 D', () => {
  const deep = architectureOf('resnet14-b')
  const { features, layers } = countFeatures(deep, initialise(deep, 0), 0.01)!
  expect(features).toBe(1120 / 2)
  expect(layers.map(({ name }) => name)).toEqual(
    deep.nodes.filter(({ op }) => op === 'BatchNormalization').map(({ name }) => name),
  )
  expect(countFeatures(architectureOf('lenet5'), new Map(), 0.01)).toBeUndefined()
})

it('counts gammas of either sign below the threshold, and makes just these zero', () => {
  const weights = new Map(initialise(graph, 0))
  weights.set(
    'bn1.weight',
    Float32Array.from({ length: 16 }, (_, i) => (i % 2 ? -1 : 1) * i * 0.01),
  )
  const model = { architecture: 'resnet8-b', graph, weights, masks: new Map() }
  // 0, -0.01 and 0.02: a gamma that is as large as the threshold stays.
  const counts = countFeatures(graph, weights, 0.025)!
  expect(counts.layers[0]).toEqual({ name: 'bn1', features: 16, disabled: 3 })
  expect(counts.disabled).toBe(3)
  const after = disableFeatures(model, 0.025).weights
  expect([...after.get('bn1.weight')!].map(value => Number(value.toFixed(2)))).toEqual(
    Array.from({ length: 16 }, (_, i) => (i < 3 ? 0 : (i % 2 ? -1 : 1) * i * 0.01)).map(value =>
      Number(value.toFixed(2)),
    ),
  )
  for (const [name, values] of weights) if (name !== 'bn1.weight') expect(after.get(name)).toEqual(values)
  expect(normsOf(graph)[0]).toEqual({ name: 'bn1', gamma: 'bn1.weight', beta: 'bn1.bias' })
})
