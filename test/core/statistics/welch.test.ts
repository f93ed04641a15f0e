import { describe, expect, it } from 'vitest'
import { mean, sampleStandardDeviation } from '../../../src/core/statistics/summary.ts'
import { regularizedBeta, welchTest } from '../../../src/core/statistics/welch.ts'

/** n values of this mean and sample standard deviation. */
function valuesOf(n: number, centre: number, deviation: number): number[] {
  const raw = Array.from({ length: n }, (_, i) => i - (n - 1) / 2)
  const scale = deviation / sampleStandardDeviation(raw)!
  return raw.map(value => centre + scale * value)
}

describe('welch test', () => {
  it('by hand: 1, 2, 3 against 2, 4, 9', () => {
    // Means 2 and 5, variances 1 and 13: t = -3 / sqrt(14/3); df = (14/3)^2 / ((1/3)^2/2 + (13/3)^2/2).
    const found = welchTest([1, 2, 3], [2, 4, 9])!
    expect(found.t).toBeCloseTo(-3 / Math.sqrt(14 / 3), 12)
    expect(found.df).toBeCloseTo(196 / 9 / (1 / 18 + 169 / 18), 12)
  })

  it('with two degrees of freedom has the closed form of t: p = 1 - t / sqrt(2 + t^2)', () => {
    // Equal variances and two values each: df = 2.
    const found = welchTest([0, 1], [3, 4])!
    expect(found.df).toBeCloseTo(2, 12)
    const t = Math.abs(found.t)
    expect(found.p).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12)
  })

  it.each([
    // Five-systems 1d: ResNet-50 and 101 teaching ResNet-34, five seeds.
    [95.24, 0.1, 2.73, 7.5],
    [95.26, 0.11, 2.89, 7.8],
  ])('of the paper: %d +- %d against 95.04 +- .13', (centre, deviation, t, df) => {
    const [own, base] = [valuesOf(5, centre, deviation), valuesOf(5, 95.04, 0.13)]
    expect(mean(own)).toBeCloseTo(centre, 10)
    const found = welchTest(own, base)!
    expect(found.t).toBeCloseTo(t, 2)
    expect(found.df).toBeCloseTo(df, 1)
    expect(found.p).toBeLessThan(0.05)
  })

  it('says nothing where there is no spread to hold a difference against', () => {
    expect(welchTest([1], [1, 2])).toBeNull()
    expect(welchTest([1, 1], [2, 2])).toBeNull()
  })
})

describe('regularised beta', () => {
  it('has its closed forms and its symmetry', () => {
    for (const x of [0.01, 0.2, 0.5, 0.77, 0.999]) {
      expect(regularizedBeta(x, 1, 1)).toBeCloseTo(x, 13)
      expect(regularizedBeta(x, 3, 1)).toBeCloseTo(x ** 3, 13)
      expect(regularizedBeta(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 12)
      expect(regularizedBeta(x, 4.2, 0.5)).toBeCloseTo(1 - regularizedBeta(1 - x, 0.5, 4.2), 13)
    }
    expect([regularizedBeta(0, 2, 3), regularizedBeta(1, 2, 3)]).toEqual([0, 1])
  })
})
