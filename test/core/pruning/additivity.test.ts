import { describe, expect, it } from 'vitest'
import { additivity, samplePlans } from '../../../src/core/pruning/additivity.ts'
import { budgetOf, planOf } from '../../../src/core/pruning/rate-choices.ts'
import { createRandom } from '../../../src/core/random.ts'

const points = (...pairs: [number, number][]) => pairs.map(([sum, joint]) => ({ sum, joint }))

describe('additivity', () => {
  it('is a slope of 1 and a rank correlation of 1 where distortions add up', () => {
    const given = points([1, 1], [2, 2], [5, 5])
    expect(additivity(given)).toEqual({ points: given, slope: 1, rankCorrelation: 1 })
  })

  it('fits a line through the origin and ranks, ties by their mean (by hand)', () => {
    // Slope (1x2 + 2x1 + 2x4) / (1 + 4 + 4). Ranks 1 2.5 2.5 and 2 1 3, less their mean of 2: 0 - 0.5 + 0.5.
    const { slope, rankCorrelation, warning } = additivity(points([1, 2], [2, 1], [2, 4]))
    expect(slope).toBeCloseTo(12 / 9)
    expect(rankCorrelation).toBeCloseTo(0)
    expect(warning).toContain('rank correlation 0.00')
  })

  it('warns where the sum ranks the wrong way, or is of another size', () => {
    expect(additivity(points([1, 3], [2, 2], [3, 1])).rankCorrelation).toBe(-1)
    expect(additivity(points([1, 10], [2, 20], [3, 30])).warning).toMatch(/10 times as large\.$/)
    expect(additivity(points([1, 0.1], [2, 0.2])).warning).toContain('0.10 times')
    expect(additivity(points([1, 2], [2, 4], [3, 6])).warning).toBeUndefined()
  })

  it('says nothing false of points that are all alike, or none', () => {
    expect(additivity(points([0, 0], [0, 0]))).toMatchObject({ slope: 0, rankCorrelation: 0 })
    expect(additivity([])).toMatchObject({ slope: 0, rankCorrelation: 0 })
  })
})

describe('sampled allocations', () => {
  const layers = [200, 1000, 4000].map((weights, i) => {
    const fractions = Array.from({ length: 20 }, (_, j) => j / 20)
    return {
      name: `layer${i}`,
      weights,
      costPerWeight: 1,
      zeros: fractions.map(share => share * weights),
      distortion: fractions.map(share => (i + 1) * share ** 3),
    }
  })

  it('keep the budget, come near it, and differ', () => {
    const budget = budgetOf(layers, 0.6)
    const plans = samplePlans(layers, budget, 20, createRandom(1)).map(picks => planOf(layers, picks))
    for (const { cost } of plans) {
      expect(cost).toBeLessThanOrEqual(budget)
      expect(cost).toBeGreaterThan(budget - 200)
    }
    expect(new Set(plans.map(({ picks }) => picks.join())).size).toBeGreaterThan(10)
    expect(samplePlans(layers, budget, 3, createRandom(1))).toEqual(samplePlans(layers, budget, 3, createRandom(1)))
  })
})
