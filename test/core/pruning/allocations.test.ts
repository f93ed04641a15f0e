/** The allocations that need no curves, each by hand, by brute force and by published numbers. */
import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { graphCost, prunableLayers } from '../../../src/core/graph/cost.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { lampRanking } from '../../../src/core/pruning/allocations/lamp.ts'
import { apportion } from '../../../src/core/pruning/apportion.ts'
import { type PruneOptions, prune } from '../../../src/core/pruning/prune.ts'
import { rankAtRandom, rankByMagnitude, rankByScore } from '../../../src/core/pruning/ranking.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { createRandom } from '../../../src/core/random.ts'
import { randomWeights } from './brute-force.ts'
import { chain, kernelsOf, randomChain } from './chains.ts'

const f32 = (...values: number[]) => Float32Array.from(values)
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
const zerosOf = (model: Model, options: Omit<PruneOptions, 'score'>) =>
  prune(model, { score: 'magnitude', ...options }).layers.map(({ zeros }) => zeros)
const fresh = (architecture: string): Model => {
  const graph = architectureOf(architecture)
  return { architecture, graph, weights: initialise(graph, 0), masks: new Map() }
}
const infeasible = (message: string) =>
  expect.objectContaining({ code: 'prune.infeasible', message: expect.stringContaining(message) })

describe('apportioning', () => {
  const claim = (weight: number, lower = 0, upper = 100) => ({ weight, lower, upper })

  it('gives whole numbers in proportion, ties to the first (by hand)', () => {
    expect(apportion(10, [claim(1), claim(2), claim(2)])).toEqual([2, 4, 4])
    expect(apportion(3, [claim(1), claim(1)])).toEqual([2, 1])
    // Priorities 1/6 1/3 1/2 ... of the first, 1/3 2/3 1 of the second.
    expect([0, 1, 2, 3, 4].map(total => apportion(total, [claim(6), claim(3)]))).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 1],
    ])
  })

  it('stays within bounds and gives the rest to the others (by hand)', () => {
    expect(apportion(10, [claim(8, 0, 3), claim(1), claim(1)])).toEqual([3, 4, 3])
    expect(apportion(10, [claim(8), claim(1, 4)])).toEqual([6, 4])
    expect(() => apportion(7, [claim(1, 0, 3), claim(1, 0, 3)])).toThrow(RangeError)
  })

  it('equals giving the units out one by one, so that more for all is less for nobody', () => {
    const random = createRandom(1)
    for (let round = 0; round < 500; round++) {
      const claims = Array.from({ length: 1 + random.below(5) }, () => {
        const lower = random.below(4)
        return {
          weight: random.below(2) ? 1 + random.below(4) : 10 * random.uniform() + 0.01,
          lower,
          upper: lower + random.below(20),
        }
      })
      const counts = claims.map(({ lower }) => lower)
      for (let total = sum(counts); ; total++) {
        expect(apportion(total, claims)).toEqual(counts)
        const open = claims.flatMap(({ weight, upper }, i) =>
          counts[i]! < upper ? [{ i, at: (counts[i]! + 1) / weight }] : [],
        )
        if (open.length === 0) break
        counts[open.sort((a, b) => a.at - b.at || a.i - b.i)[0]!.i]!++
      }
    }
  })
})

describe('lamp', () => {
  it('divides squares by the sum of those that are not smaller (by hand)', () => {
    // Squares 1, 4, 9 from the smallest: 1/14, 4/13, 9/9; the zero first.
    const { keys, scoreOf, zeros } = lampRanking(rankByMagnitude('w', f32(2, -3, 0, 1)))
    expect(zeros).toBe(1)
    expect([...keys].map(scoreOf)).toEqual([0, ...f32(1 / 14, 4 / 13, 1)])
  })

  it('equals sorting all scores of all layers', () => {
    for (let seed = 0; seed < 300; seed++) {
      const model = randomChain(seed)
      const scores = kernelsOf(model).flatMap((kernel, layer) => {
        const sorted = [...kernel].map(Math.abs).sort((a, b) => a - b)
        return sorted.map((weight, i) => ({
          layer,
          score: Math.fround(
            weight ** 2 /
              sum(
                sorted
                  .slice(i)
                  .toReversed()
                  .map(other => other ** 2),
              ),
          ),
        }))
      })
      scores.sort((a, b) => a.score - b.score || a.layer - b.layer)
      const sparsity = (seed % 100) / 100
      const gone = scores.slice(0, floorShare(sparsity, scores.length))
      const expected = kernelsOf(model).map((_, layer) => gone.filter(entry => entry.layer === layer).length)
      expect(zerosOf(model, { allocation: 'lamp', sparsity })).toEqual(expected)
    }
  })

  it('has a largest score of 1 in every layer, with any score, and so leaves one weight in each', () => {
    const random = createRandom(3)
    for (let round = 0; round < 300; round++) {
      const weights = randomWeights(random, 1 + random.below(20), 0.2)
      if (weights.every(weight => weight === 0)) continue
      const rankings = [
        rankByMagnitude('w', weights),
        rankByScore(
          'w',
          weights,
          weights.map(() => 0.1 + random.uniform()),
        ),
        rankAtRandom('w', weights, random),
      ]
      for (const ranking of rankings) {
        const { keys, scoreOf } = lampRanking(ranking)
        expect(scoreOf(keys.at(-1)!)).toBe(1)
        expect([...keys].every((key, i) => i === 0 || key >= keys[i - 1]!)).toBe(true)
      }
    }
    for (let seed = 0; seed < 100; seed++) {
      const model = randomChain(seed)
      const kernels = kernelsOf(model)
      const total = sum(kernels.map(({ length }) => length))
      const zeros = zerosOf(model, { allocation: 'lamp', sparsity: 1 - kernels.length / total })
      expect(zeros.every((count, i) => count < kernels[i]!.length)).toBe(true)
    }
  })

  it('keeps the minimum of each layer and the exact total', () => {
    const model = fresh('resnet20-a')
    const options = { allocation: 'lamp', score: 'magnitude', sparsity: 0.995 } as const
    const least = (minimumKeep: number) => {
      const { layers, zeros } = prune(model, { ...options, minimumKeep })
      expect(zeros).toBe(floorShare(0.995, 268_336))
      return Math.min(...layers.map(layer => layer.weights - layer.zeros))
    }
    expect(least(0)).toBeLessThan(60)
    expect(least(60)).toBe(60)
  })

  it('refuses scores below 0', () => {
    expect(() => lampRanking(rankByScore('w', f32(1, 1), f32(-1, 2)))).toThrow('not negative')
  })
})

describe('erk', () => {
  it('keeps in proportion to the sum of the sizes of the kernel (by hand)', () => {
    // Kernels 3x2, 4x3, 5x4: sums 5, 7, 9; 19 of 38 weights stay: 4.5, 6.3 and 8.1, of which the first gets the odd one.
    expect(zerosOf(chain([2, 3, 4, 5]), { allocation: 'erk', sparsity: 0.5 })).toEqual([1, 6, 12])
    // 30 stay: the first would keep more than it has, and the others share 24: 10.5 and 13.5.
    expect(zerosOf(chain([2, 3, 4, 5]), { allocation: 'erk', sparsity: 0.22 })).toEqual([0, 2, 6])
  })

  it('gives the sparsities of STR for ResNet-50 at 90 %', () => {
    const { graph } = fresh('resnet50-imagenet')
    const cost = graphCost(graph).layers.filter(({ kernel }) => kernel)
    const weights = cost.map(({ kernel }) => kernel!.dims.reduce((product, size) => product * size, 1))
    const model: Model = {
      architecture: 'resnet50-imagenet',
      graph,
      weights: new Map(prunableLayers(graph).map(({ kernel }, i) => [kernel, new Float32Array(weights[i]!).fill(1)])),
      masks: new Map(),
    }
    const { layers, zeros } = prune(model, { allocation: 'erk', score: 'magnitude', sparsity: 0.9 })
    expect([layers.length, zeros]).toEqual([54, floorShare(0.9, 25_502_912)])
    const sparsity = layers.map(layer => (layer.zeros / layer.weights).toFixed(2))
    // five-systems 2d: conv1, then the first block, then the next two.
    expect(sparsity.slice(0, 7)).toEqual(['0.58', '0.00', '0.82', '0.04', '0.04', '0.04', '0.82'])
    expect(sparsity.at(-1)).toBe('0.93')
  })

  it('heeds what is pruned already and the minimum', () => {
    const once = prune(chain([2, 3, 4, 5]), { allocation: 'global', score: 'random', sparsity: 0.4 })
    const { layers, zeros } = prune(once.model, {
      allocation: 'erk',
      score: 'magnitude',
      sparsity: 0.8,
      minimumKeep: 2,
    })
    expect(zeros).toBe(30)
    for (const [i, layer] of layers.entries()) {
      expect(layer.zeros).toBeGreaterThanOrEqual(once.layers[i]!.zeros)
      expect(layer.weights - layer.zeros).toBeGreaterThanOrEqual(2)
    }
  })
})

describe('uniform-plus', () => {
  it('leaves the first layer, keeps a fifth of the last, and shares the rest (by hand)', () => {
    // Layers of 4, 20, 50 and 10 weights; 42 of the last 80 go: 10.5, 26.25, 5.25.
    const model = chain([1, 4, 5, 10, 1])
    expect(zerosOf(model, { allocation: 'uniform-plus', sparsity: 0.5 })).toEqual([0, 10, 27, 5])
    // 72 go: the last one gives 8 and no more.
    expect(zerosOf(model, { allocation: 'uniform-plus', sparsity: 0.86 })).toEqual([0, 18, 46, 8])
  })

  it('says what it can reach', () => {
    expect(() => zerosOf(chain([1, 4, 5, 10, 1]), { allocation: 'uniform-plus', sparsity: 0.95 })).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: 'Uniform+ cannot reach a sparsity of 0.95: 78 of 84 weights may go.',
        hint: expect.stringContaining('0.9285'),
      }),
    )
  })

  it('keeps the minimum', () => {
    const zeros = zerosOf(chain([1, 4, 5, 10, 1]), { allocation: 'uniform-plus', sparsity: 0.5, minimumKeep: 12 })
    expect(zeros).toEqual([0, 8, 34, 0])
    expect(() =>
      zerosOf(chain([1, 4, 5, 10, 1]), { allocation: 'uniform-plus', sparsity: 0.56, minimumKeep: 12 }),
    ).toThrow(infeasible('46 of 84'))
  })
})

describe('random', () => {
  const model = fresh('resnet20-a')
  const run = (seed: number) => zerosOf(model, { allocation: 'random', sparsity: 0.7, seed })

  it('spreads zeros as a random draw does, by its seed, with the exact total', () => {
    const [first, second] = [run(1), run(2)]
    expect(first).toEqual(run(1))
    expect(first).not.toEqual(second)
    expect(sum(first)).toBe(floorShare(0.7, 268_336))
    for (const [i, kernel] of kernelsOf(model).entries())
      expect(Math.abs(first[i]! / kernel.length - 0.7)).toBeLessThan(5 * Math.sqrt(0.21 / kernel.length))
  })

  it('counts what is gone already as drawn', () => {
    const once = prune(model, { allocation: 'uniform-plus', score: 'magnitude', sparsity: 0.5 })
    const { layers, zeros } = prune(once.model, { allocation: 'random', score: 'magnitude', sparsity: 0.7, seed: 1 })
    expect(zeros).toBe(floorShare(0.7, 268_336))
    expect(layers.every((layer, i) => layer.zeros >= once.layers[i]!.zeros)).toBe(true)
  })
})
