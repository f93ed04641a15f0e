import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { filterMasks, masked } from '../../../src/core/federation/pruning/filters.ts'
import { randomSet } from '../../../src/core/federation/pruning/random-set.ts'
import { salienceOf, salientSet } from '../../../src/core/federation/pruning/salient.ts'
import { convolutionKernels, zeroBelow } from '../../../src/core/federation/pruning/threshold.ts'
import { prunableParameters } from '../../../src/core/graph/cost.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { createRandom } from '../../../src/core/random.ts'

const floats = (...values: number[]) => Float32Array.from(values)
const tensors = (entries: Record<string, number[]>) =>
  new Map(Object.entries(entries).map(([name, values]) => [name, floats(...values)]))
const shown = (masks: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...masks].map(([name, mask]) => [name, mask.join('')]))
const graph = architectureOf('resnet8-a')
const kernels = prunableParameters(graph)

describe('salience', () => {
  it('is |w|, |g| or |w g|', () => {
    const of = (id: keyof typeof salienceOf) => salienceOf[id](-2, 3)
    expect([of('weight'), of('gradient'), of('product')]).toEqual([2, 3, 6])
  })

  it('chooses the floor of the share, of each layer or of the network', () => {
    const weights = tensors({ a: [1, 1, 1, 1, 1], b: [1, 1, 1, 1] })
    const saliences = tensors({ a: [5, 4, 3, 2, 1], b: [0.5, 9, 0.25, 0.75] })
    expect(shown(salientSet(weights, saliences, { keep: 0.5, scope: 'layer' }))).toEqual({ a: '11000', b: '0101' })
    expect(shown(salientSet(weights, saliences, { keep: 0.5, scope: 'network' }))).toEqual({ a: '11100', b: '0100' })
    expect(shown(salientSet(weights, saliences, { keep: 1, scope: 'layer' }))).toEqual({ a: '11111', b: '1111' })
  })

  it('chooses pruned weights last, and leaves the saliences as they are', () => {
    const weights = tensors({ a: [0, 1, 0, 1] })
    const saliences = tensors({ a: [9, 1, 8, 2] })
    expect(shown(salientSet(weights, saliences, { keep: 0.5, scope: 'layer' }))).toEqual({ a: '0101' })
    expect(saliences.get('a')).toEqual(floats(9, 1, 8, 2))
  })

  it('agrees with sorting', () => {
    const random = createRandom(3)
    const weights = new Map(kernels.map(name => [name, initialise(graph, 1).get(name)!]))
    const saliences = new Map([...weights].map(([name, values]) => [name, values.map(random.uniform)]))
    const masks = salientSet(weights, saliences, { keep: 0.3, scope: 'network' })
    const all = [...saliences.values()].flatMap(values => [...values]).sort((a, b) => b - a)
    const smallest = all[Math.floor(0.3 * all.length) - 1]!
    for (const [name, mask] of masks)
      expect(mask.every((chosen, i) => (chosen === 1) === saliences.get(name)![i]! >= smallest)).toBe(true)
  })
})

describe('a random set', () => {
  const options = { keep: 0.3, of: 'weights', seed: 4, round: 0 } as const

  it('has exactly the floor of the share in each layer, another one each round', () => {
    const first = randomSet(graph, kernels, options)
    for (const [name, mask] of first) {
      const size = graph.parameters[name]!.dims.reduce((product, dim) => product * dim)
      expect(mask.length).toBe(size)
      expect(mask.reduce((sum, chosen) => sum + chosen, 0)).toBe(Math.floor(0.3 * size))
    }
    expect(randomSet(graph, kernels, options)).toEqual(first)
    expect(randomSet(graph, kernels, { ...options, round: 1 })).not.toEqual(first)
    expect(randomSet(graph, kernels, { ...options, seed: 5 })).not.toEqual(first)
  })

  it('chooses each weight about as often as any other', () => {
    const counts = new Uint32Array(160)
    const rounds = 2000
    for (let round = 0; round < rounds; round++) {
      const mask = randomSet(graph, ['linear.weight'], { ...options, round }).get('linear.weight')!
      for (let i = 0; i < counts.length; i++) counts[i]! += mask[i]!
    }
    // 600 expected, with a standard deviation of 20.5.
    expect(counts.every(count => Math.abs(count - 0.3 * rounds) < 5 * 20.5)).toBe(true)
  })

  it('of channels has whole ones', () => {
    const masks = randomSet(graph, kernels, { ...options, of: 'channels' })
    const mask = masks.get('layer2.0.conv1.weight')!
    const channels = Array.from({ length: 32 }, (_, channel) => mask.subarray(channel * 144, (channel + 1) * 144))
    expect(channels.every(channel => channel.every(chosen => chosen === channel[0]))).toBe(true)
    expect(channels.filter(channel => channel[0] === 1).length).toBe(Math.floor(0.3 * 32))
  })
})

describe('a threshold', () => {
  it('zeroes small weights of convolutions, the border included, and nothing else', () => {
    const weights = tensors({ conv: [0.5, -0.5, 0.25, -0.125, 2], fc: [0.1] })
    const found = zeroBelow(weights, ['conv'], 0.25)
    expect(found.get('conv')).toEqual(floats(0.5, -0.5, 0, 0, 2))
    expect(found.get('fc')).toBe(weights.get('fc'))
    expect(weights.get('conv')![2]).toBe(0.25)
    expect(convolutionKernels(graph)).toEqual(kernels.filter(name => name !== 'linear.weight'))
  })

  // five-systems 4d: P(|w| < 1e-3) of Kaiming's normal at fan-in 27, 144, 288 and 576.
  it('of 0.001 takes about one fresh weight in a hundred', () => {
    const wide = architectureOf('resnet32-a')
    const weights = initialise(wide, 1)
    const zeroed = zeroBelow(weights, convolutionKernels(wide), 1e-3)
    const share = (fanIn: number) => {
      const of = convolutionKernels(wide).filter(
        name => weights.get(name)!.length / wide.parameters[name]!.dims[0]! === fanIn,
      )
      const values = of.flatMap(name => [...zeroed.get(name)!])
      return values.filter(value => value === 0).length / values.length
    }
    for (const [fanIn, expected] of [
      [144, 0.0068],
      [288, 0.0096],
      [576, 0.0135],
    ] as const)
      expect(share(fanIn) / expected).toBeCloseTo(1, 0.5)
  })
})

describe('filters', () => {
  it('go by the norm of their kernels, in whole, the nearest number of them', () => {
    const weights = initialise(graph, 2)
    const kernel = weights.get('conv1.weight')!
    // Channels 3 and 7: small in sum, and one large weight that makes channel 7 large in squares.
    kernel.fill(0.01, 3 * 27, 4 * 27)
    kernel.fill(0, 7 * 27, 8 * 27)
    kernel[7 * 27] = 0.2
    const dropped = (norm: 'l1' | 'l2', keep: number) => {
      const mask = filterMasks(graph, weights, keep, norm).get('conv1.weight')!
      return Array.from({ length: 16 }, (_, channel) => channel).filter(channel => {
        const own = mask.subarray(channel * 27, (channel + 1) * 27)
        expect(own.every(kept => kept === own[0])).toBe(true)
        return own[0] === 0
      })
    }
    expect(dropped('l1', 15 / 16)).toEqual([7])
    expect(dropped('l2', 15 / 16)).toEqual([3])
    expect(dropped('l1', 0.7)).toHaveLength(5)
    expect(dropped('l1', 1)).toEqual([])
    const found = masked(weights, filterMasks(graph, weights, 0.7, 'l1'))
    expect(found.get('linear.weight')).toBe(weights.get('linear.weight'))
    expect(found.get('conv1.weight')!.filter(value => value === 0).length).toBeGreaterThanOrEqual(5 * 27)
  })
})
