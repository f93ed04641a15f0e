import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { confusionOf, exchangedClasses } from '../../../src/core/distillation/class-order.ts'
import { createFidelityMeter, divergence } from '../../../src/core/distillation/fidelity.ts'
import { initialiseProjections, projectionParameters } from '../../../src/core/distillation/projections.ts'
import { pairTaps, stageTaps } from '../../../src/core/distillation/taps.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'

const graph = architectureOf

describe('taps', () => {
  it.each([
    [
      'resnet8-a',
      ['layer1.0.relu2', 'layer2.0.relu2', 'layer3.0.relu2'],
      [
        [16, 32, 32],
        [32, 16, 16],
        [64, 8, 8],
      ],
    ],
    [
      'resnet20-b',
      ['layer1.2.relu2', 'layer2.2.relu2', 'layer3.2.relu2'],
      [
        [16, 32, 32],
        [32, 16, 16],
        [64, 8, 8],
      ],
    ],
    [
      'resnet50-cifar',
      ['layer1.2.relu', 'layer2.3.relu', 'layer3.5.relu', 'layer4.2.relu'],
      [
        [256, 32, 32],
        [512, 16, 16],
        [1024, 8, 8],
        [2048, 4, 4],
      ],
    ],
  ])('%s: behind the last ReLU of each stage', (id, values, dims) => {
    const taps = stageTaps(graph(id))
    expect(taps.map(({ value }) => value)).toEqual(values)
    expect(taps.map(tap => [...tap.dims])).toEqual(dims)
  })

  it('of networks whose names say no stages are one a size of image', () => {
    const sizes = stageTaps(graph('vgg16-bn-cifar')).map(({ dims }) => dims[1])
    expect(sizes).toEqual([32, 16, 8, 4, 2])
  })

  it('are paired, chosen by number, and refused where they do not exist or differ in size', () => {
    const [own, taught] = [graph('resnet18-cifar'), graph('resnet34-cifar')]
    expect(pairTaps(own, taught)).toHaveLength(4)
    expect(pairTaps(own, taught, [2]).map(({ teacher }) => teacher.value)).toEqual(['layer2.3.relu'])
    expect(() => pairTaps(own, taught, [5])).toThrow('There is no tap 5: the student has 4 stages and the teacher 4.')
    expect(() => pairTaps(graph('resnet8-a'), taught)).toThrow('The student has 3 stages and the teacher 4.')
    const large = architectureOf('resnet18-imagenet', { classes: 10, inputDims: [3, 32, 32] })
    expect(() => pairTaps(own, large)).toThrow('At tap 1 the student has maps of 32x32 and the teacher of 8x8.')
    expect(() => pairTaps(graph('fastgrnn-80'), taught)).toThrow('The student has no stages')
  })
})

describe('projections', () => {
  it.each([
    ['resnet18-cifar', 'resnet34-cifar', 348_160],
    ['resnet18-cifar', 'resnet50-cifar', 1_392_640],
  ])('%s to %s: the weights of five-systems 1c', (own, taught, weights) => {
    const parameters = projectionParameters(pairTaps(graph(own), graph(taught)))
    expect(Object.values(parameters).reduce((sum, { dims }) => sum + elementCount(dims), 0)).toBe(weights)
  })

  it('are uniform within Glorot’s bound, the same for the same seed', () => {
    const parameters = projectionParameters(pairTaps(graph('resnet8-a'), graph('resnet8-a-w2')))
    const made = initialiseProjections(parameters, 3)
    const values = made.get('projection.layer3.0.relu2')!
    const bound = Math.sqrt(6 / (64 + 128))
    expect(values).toHaveLength(64 * 128)
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound)
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.99 * bound)
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length)).toBeLessThan(0.01 * bound)
    expect(initialiseProjections(parameters, 3)).toEqual(made)
    expect(initialiseProjections(parameters, 4)).not.toEqual(made)
  })
})

describe('fidelity', () => {
  it('by hand: two classes', () => {
    // softmax(ln 3, 0) = 3/4, 1/4; softmax(0, 0) = 1/2, 1/2.
    const expected = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5)
    expect(divergence([Math.log(3), 0], [0, 0], 1)).toBeCloseTo(expected, 12)
    // At temperature 2 the odds are the root of 3.
    const p = Math.sqrt(3) / (1 + Math.sqrt(3))
    expect(divergence([Math.log(3), 0], [0, 0], 2)).toBeCloseTo(p * Math.log(2 * p) + (1 - p) * Math.log(2 - 2 * p), 12)
    const meter = createFidelityMeter(2)
    meter.add(Float32Array.of(0, 0, 0, 1), Float32Array.of(Math.log(3), 0, 0, 1))
    const { agreement, kl1 } = meter.result()
    // Of equal logits the first class counts.
    expect([agreement, kl1]).toEqual([1, expect.closeTo(expected / 2, 6)])
    meter.add(Float32Array.of(1, 0), Float32Array.of(0, 1))
    expect(meter.result().agreement).toBeCloseTo(2 / 3, 12)
  })
})

describe('classes in another order', () => {
  const labels = Array.from({ length: 90 }, (_, i) => i % 3)
  const withErrors = (given: readonly number[]) =>
    labels.map((label, i) => (i % 10 === 0 ? (given[label]! + 1) % 3 : given[label]!))

  it('are seen, and neither good nor bad teachers are taken for it', () => {
    const found = (predictions: readonly number[]) => exchangedClasses(confusionOf(labels, predictions, 3))
    expect(found(withErrors([1, 2, 0]))).toEqual([1, 2, 0])
    expect(found(withErrors([1, 0, 2]))).toEqual([1, 0, 2])
    expect(found(withErrors([0, 1, 2]))).toBeNull()
    expect(found(labels.map(() => 0))).toBeNull()
    // A weak one whose largest column happens to be an exchange.
    expect(
      found(labels.map((label, i) => (i % 5 < 2 ? (label + 1) % 3 : (label + (i % 5 === 2 ? 2 : 0)) % 3))),
    ).toBeNull()
  })
})
