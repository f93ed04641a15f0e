import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/core/random.ts'
import { histogram } from '../../../src/core/statistics/histogram.ts'
import { type Point, paretoFront } from '../../../src/core/statistics/pareto.ts'
import { mean, sampleStandardDeviation } from '../../../src/core/statistics/summary.ts'

describe('mean and sample standard deviation', () => {
  it('by hand', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5)
    expect(sampleStandardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12)
    expect(sampleStandardDeviation([0.915, 0.915])).toBe(0)
  })

  it('of one run has no spread', () => {
    expect(sampleStandardDeviation([0.9])).toBeNull()
    expect(sampleStandardDeviation([])).toBeNull()
  })
})

describe('Pareto front', () => {
  const points = (...pairs: [number, number][]): Point[] => pairs.map(([gain, cost]) => ({ gain, cost }))

  it('by hand', () => {
    expect(paretoFront(points([0.9, 10], [0.8, 5], [0.85, 10], [0.8, 6], [0.95, 20], [0.7, 1]))).toEqual([5, 1, 0, 4])
    expect(paretoFront(points([1, 1], [1, 1], [Number.NaN, 0]))).toEqual([0, 1])
    expect(paretoFront([])).toEqual([])
  })

  it('equals comparing all pairs', () => {
    const random = createRandom(1)
    for (let round = 0; round < 2000; round++) {
      const cloud = Array.from({ length: random.below(12) }, () => ({ gain: random.below(5), cost: random.below(5) }))
      const dominates = (a: Point, b: Point) =>
        a.gain >= b.gain && a.cost <= b.cost && (a.gain > b.gain || a.cost < b.cost)
      const expected = cloud.flatMap((b, i) => (cloud.some(a => dominates(a, b)) ? [] : [i]))
      const front = paretoFront(cloud)
      expect(front.toSorted((a, b) => a - b)).toEqual(expected)
      expect(front.every((at, i) => i === 0 || cloud[front[i - 1]!]!.cost <= cloud[at]!.cost)).toBe(true)
    }
  })
})

describe('histogram', () => {
  it('by hand', () => {
    expect(histogram([0, 1, 1.9, 2, 3.5, 4], 4)).toEqual({ low: 0, high: 4, counts: [1, 2, 1, 2] })
    expect(histogram([-1, 1], 2)).toEqual({ low: -1, high: 1, counts: [1, 1] })
    expect(histogram([7, 7], 5)).toEqual({ low: 7, high: 7, counts: [2] })
    expect(histogram([], 5)).toEqual({ low: 0, high: 0, counts: [0] })
  })

  it('loses no value', () => {
    const random = createRandom(4)
    for (let round = 0; round < 200; round++) {
      const values = Float32Array.from(
        { length: 1 + random.below(500) },
        () => random.normal() * 10 ** (random.below(12) - 6),
      )
      expect(histogram(values, 1 + random.below(40)).counts.reduce((sum, n) => sum + n, 0)).toBe(values.length)
    }
  })
})
