import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { type PruneOptions, prune } from '../../../src/core/pruning/prune.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { masksWithout, ranked } from './brute-force.ts'
import { chain, kernelsOf, masksOf, randomChain } from './chains.ts'

const f32 = (...values: number[]) => Float32Array.from(values)
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
const zerosOf = (model: Model, options: Omit<PruneOptions, 'score'>) =>
  prune(model, { score: 'magnitude', ...options }).layers.map(({ zeros }) => zeros)

describe('minimumKeep', () => {
  const model = chain([2, 2, 4], [f32(0.1, 0.2, 0.3, 0.4), f32(1, 2, 3, 4, 5, 6, 7, 8)])

  it('protects the top of each layer and takes the difference from the others (by hand)', () => {
    expect(zerosOf(model, { allocation: 'global', sparsity: 0.5 })).toEqual([4, 2])
    expect(zerosOf(model, { allocation: 'global', sparsity: 0.5, minimumKeep: 1 })).toEqual([3, 3])
    expect(zerosOf(model, { allocation: 'global', sparsity: 0.5, minimumKeep: 3 })).toEqual([1, 5])
    // A layer no larger than the minimum keeps all.
    expect(zerosOf(model, { allocation: 'global', sparsity: 0.34, minimumKeep: 4 })).toEqual([0, 4])
  })

  it('below 1 is a share of all prunable weights, rounded down', () => {
    const zeros = (minimumKeep: number) => zerosOf(model, { allocation: 'global', sparsity: 0.5, minimumKeep })
    expect([0.25, 0.3, 0.1, 0.08].map(zeros)).toEqual([
      [1, 5],
      [1, 5],
      [3, 3],
      [4, 2],
    ])
  })

  it('equals sorting all weights but the protected ones', () => {
    for (let seed = 0; seed < 500; seed++) {
      const random = randomChain(seed)
      const kernels = kernelsOf(random)
      const total = sum(kernels.map(kernel => kernel.length))
      const minimumKeep = 1 + (seed % 5)
      const order = ranked(kernels, (layer, i) => Math.abs(kernels[layer]![i]!))
      const open = kernels.flatMap((kernel, layer) =>
        order.filter(entry => entry.layer === layer).slice(0, Math.max(kernel.length - minimumKeep, 0)),
      )
      const removable = order.filter(entry => open.includes(entry))
      for (const sparsity of [0.1, 0.3, 0.5, 0.8]) {
        const count = floorShare(sparsity, total)
        const run = () => prune(random, { allocation: 'global', score: 'magnitude', sparsity, minimumKeep })
        if (count > removable.length) expect(run).toThrow(expect.objectContaining({ code: 'prune.infeasible' }))
        else expect(masksOf(run().model)).toEqual(masksWithout(kernels, removable.slice(0, count)))
      }
    }
  })

  it.each(['global', 'global-mt'] as const)('%s keeps it step by step, and nothing grows back', allocation => {
    let steps = 0
    for (let seed = 0; seed < 100; seed++) {
      let stepped = randomChain(seed)
      for (const sparsity of [0.1, 0.3, 0.45, 0.6]) {
        const before = masksOf(stepped)
        try {
          stepped = prune(stepped, { allocation, score: 'magnitude', sparsity, minimumKeep: 2 }).model
        } catch (error) {
          expect(error).toMatchObject({
            code: 'prune.infeasible',
            message: expect.stringContaining('keeps 2 weights'),
          })
          break
        }
        steps++
        for (const [i, mask] of masksOf(stepped).entries()) {
          expect(mask.every((kept, j) => kept <= before[i]![j]!)).toBe(true)
          expect(sum([...mask])).toBeGreaterThanOrEqual(Math.min(2, mask.length))
        }
      }
    }
    expect(steps).toBeGreaterThan(150)
  })

  it('says where only the published rule cannot: what the threshold takes lies in a layer that stays whole', () => {
    const odd = chain([2, 1, 4], [f32(0.1, 0.2), f32(1, 2, 3, 4)])
    expect(zerosOf(odd, { allocation: 'global', sparsity: 0.34, minimumKeep: 2 })).toEqual([0, 2])
    expect(() => zerosOf(odd, { allocation: 'global-mt', sparsity: 0.34, minimumKeep: 2 })).toThrow(
      expect.objectContaining({ code: 'prune.infeasible', hint: 'The allocation "global" reaches this sparsity.' }),
    )
  })

  it('leaves no layer dead at 99.9 %, where the plain threshold kills some', () => {
    const graph = architectureOf('resnet20-a')
    const weights = new Map(initialise(graph, 0))
    // Wide layers have smaller weights, and so are hit first (five-systems 2e); one more factor makes it certain.
    weights.set(
      'layer3.2.conv2.weight',
      weights.get('layer3.2.conv2.weight')!.map(weight => weight / 8),
    )
    const fresh: Model = { architecture: 'resnet20-a', graph, weights, masks: new Map() }
    const kept = (minimumKeep: number) =>
      prune(fresh, { allocation: 'global', score: 'magnitude', sparsity: 0.999, minimumKeep })
    expect(kept(0).layers.some(layer => layer.zeros === layer.weights)).toBe(true)
    const guarded = kept(10)
    expect(Math.min(...guarded.layers.map(layer => layer.weights - layer.zeros))).toBe(10)
    expect(guarded.zeros).toBe(floorShare(0.999, guarded.weights))
  })

  it('says at once what cannot be met, and the highest sparsity that can', () => {
    for (const allocation of ['global', 'global-mt', 'uniform'] as const)
      expect(() => zerosOf(model, { allocation, sparsity: 0.75, minimumKeep: 2 })).toThrow(
        expect.objectContaining({
          code: 'prune.infeasible',
          message: 'A sparsity of 0.75 cannot be reached where each layer keeps 2 weights: 8 of 12 weights may go.',
          hint: 'The highest sparsity with this minimum is 0.6666; or lower the minimum.',
        }),
      )
    expect(sum(zerosOf(model, { allocation: 'global', sparsity: 0.6666, minimumKeep: 2 }))).toBe(7)
  })

  it('is refused where uniform would break it, naming the layer', () => {
    expect(() => zerosOf(model, { allocation: 'uniform', sparsity: 0.5, minimumKeep: 3 })).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: '"fc0" would keep 2 of 4 weights, the minimum is 3.',
      }),
    )
  })

  it('is refused where a layer has less left already', () => {
    const dead = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.5 }).model
    expect(() => zerosOf(dead, { allocation: 'global', sparsity: 0.6, minimumKeep: 1 })).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: '"fc0" has 0 of 4 weights left, the minimum is 1.',
      }),
    )
  })
})

describe('random', () => {
  it('is the same for a seed, another for another seed, and does not follow the initial weights', () => {
    const graph = architectureOf('resnet8-a')
    const fresh: Model = { architecture: 'resnet8-a', graph, weights: initialise(graph, 3), masks: new Map() }
    const run = (seed: number) => prune(fresh, { allocation: 'global', score: 'random', sparsity: 0.5, seed }).model
    expect(run(3).masks).toEqual(run(3).masks)
    expect(run(3).masks).not.toEqual(run(4).masks)
    // Half of the weights remain; if scores had to do with weights, their mean size would tell.
    const [before, after] = [fresh, run(3)].map(({ weights }) => weights.get('layer3.0.conv2.weight')!)
    const size = (values: Float32Array) => values.reduce((total, weight) => total + Math.abs(weight), 0)
    expect(size(after!) / size(before!)).toBeCloseTo(0.5, 1)
  })

  it('spreads the zeros evenly over layers', () => {
    const graph = architectureOf('resnet20-a')
    const fresh: Model = { architecture: 'resnet20-a', graph, weights: initialise(graph, 3), masks: new Map() }
    const { layers } = prune(fresh, { allocation: 'global', score: 'random', sparsity: 0.7 })
    // Five standard deviations of a binomial count.
    for (const { zeros, weights } of layers)
      expect(Math.abs(zeros / weights - 0.7)).toBeLessThan(5 * Math.sqrt(0.21 / weights))
  })
})

describe('global', () => {
  it('removes floor(s N), the last layer included (by hand)', () => {
    const model = chain([2, 3, 2], [f32(0.9, -0.1, 0.2, 5, -6, 7), f32(0.1, 3, -0.3, 0.3, 4, 0.1)])
    const {
      layers,
      zeros,
      weights,
      model: pruned,
    } = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.5 })
    expect({ layers, zeros, weights }).toEqual({
      layers: [
        { name: 'fc0', weights: 6, zeros: 2 },
        { name: 'fc1', weights: 6, zeros: 4 },
      ],
      zeros: 6,
      weights: 12,
    })
    expect(kernelsOf(pruned)).toEqual([f32(0.9, 0, 0, 5, -6, 7), f32(0, 3, 0, 0, 4, 0)])
  })

  it('equals sorting all weights', () => {
    for (let seed = 0; seed < 500; seed++) {
      const model = randomChain(seed)
      const kernels = kernelsOf(model)
      const order = ranked(kernels, (layer, i) => Math.abs(kernels[layer]![i]!))
      const sparsity = (seed % 100) / 100
      const { model: pruned } = prune(model, { allocation: 'global', score: 'magnitude', sparsity })
      expect(masksOf(pruned)).toEqual(masksWithout(kernels, order.slice(0, floorShare(sparsity, order.length))))
    }
  })
})

describe('uniform', () => {
  it('removes floor(s n) of every layer and equals sorting each', () => {
    for (let seed = 0; seed < 500; seed++) {
      const model = randomChain(seed)
      const kernels = kernelsOf(model)
      const sparsity = (seed % 100) / 100
      const { model: pruned } = prune(model, { allocation: 'uniform', score: 'magnitude', sparsity })
      const expected = kernels.flatMap(kernel => {
        const order = ranked([kernel], (_, i) => Math.abs(kernel[i]!))
        return masksWithout([kernel], order.slice(0, floorShare(sparsity, kernel.length)))
      })
      expect(masksOf(pruned)).toEqual(expected)
    }
  })

  it('refuses where a layer is sparser already, naming it', () => {
    const model = chain([2, 2, 2], [f32(1, 1, 1, 1), f32(9, 9, 9, 9)])
    const global = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.375 }).model
    expect(() => prune(global, { allocation: 'uniform', score: 'magnitude', sparsity: 0.5 })).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: '"fc0" already has 3 zeros of 4 weights, the target leaves it only 2.',
      }),
    )
  })
})

describe('what is pruned or zero already', () => {
  it('goes first, whatever method pruned it, and counts towards the target', () => {
    const model = chain([2, 2, 2], [f32(1, 2, 3, 4), f32(5, 6, 7, 8)])
    const uniform = prune(model, { allocation: 'uniform', score: 'magnitude', sparsity: 0.5 }).model
    const {
      layers,
      newlyMasked,
      model: both,
    } = prune(uniform, { allocation: 'global', score: 'magnitude', sparsity: 0.75 })
    expect(layers.map(({ zeros }) => zeros)).toEqual([4, 2])
    expect(newlyMasked).toBe(2)
    expect(masksOf(both).map(mask => mask.join(''))).toEqual(['0000', '0011'])
  })

  it('zero weights without a mask are masked first', () => {
    const model = chain([2, 2], [f32(3, 0, -0, 1)])
    const { newlyMasked, model: pruned } = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.5 })
    expect(newlyMasked).toBe(2)
    expect(masksOf(pruned)[0]!.join('')).toBe('1001')
  })
})

it('prunes a real network to the exact count', () => {
  const graph = architectureOf('resnet20-a')
  const model: Model = { architecture: 'resnet20-a', graph, weights: initialise(graph, 0), masks: new Map() }
  const { zeros, weights, layers } = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.9 })
  expect({ zeros, weights, layers: layers.length }).toEqual({ zeros: 241_502, weights: 268_336, layers: 20 })
  const uniform = prune(model, { allocation: 'uniform', score: 'magnitude', sparsity: 0.3 })
  expect(uniform.layers[0]).toEqual({ name: 'conv1', weights: 432, zeros: 129 })
  expect(uniform.layers.at(-1)).toEqual({ name: 'linear', weights: 640, zeros: 192 })
})
