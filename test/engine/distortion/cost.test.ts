/** What curves cost, in multiply-accumulates of whole forward passes: activations before a layer are computed once. */
import { expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { graphCost } from '../../../src/core/graph/cost.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { curveFractions, zeroedCounts } from '../../../src/core/pruning/curves.ts'
import { passesPerSample } from '../../../src/engine/distortion/measure.ts'
import { usualFractions } from '../../../src/shared/distortion.ts'

it.each([
  ['resnet20-a', 0.53],
  ['resnet32-a', 0.53],
  ['resnet50-imagenet', 0.55],
  ['vgg16-bn-cifar', 0.55],
  ['densenet121-k12', 0.3],
])('%s costs about half of whole passes or less', (architecture, most) => {
  const graph = architectureOf(architecture)
  const model: Model = { architecture, graph, weights: new Map(), masks: new Map() }
  const counts = graphCost(graph).layers.flatMap(({ kernel }) =>
    kernel ? [zeroedCounts(curveFractions(usualFractions), elementCount(kernel.dims)).slice(1)] : [],
  )
  const points = counts.reduce((sum, list) => sum + list.length, 0)
  const share = passesPerSample(model, counts) / points
  expect(share).toBeGreaterThan(0.1)
  expect(share).toBeLessThan(most)
})
