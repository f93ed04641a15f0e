import { describe, expect, it } from 'vitest'
import { rankByMagnitude, rankByScore } from '../../../src/core/pruning/ranking.ts'
import { countLowest, maskLowest } from '../../../src/core/pruning/select.ts'
import { createRandom } from '../../../src/core/random.ts'
import { masksWithout, randomWeights, ranked } from './brute-force.ts'

const f32 = (...values: number[]) => Float32Array.from(values)

describe('exact selection', () => {
  it('takes the smallest by magnitude, ties by index (by hand)', () => {
    const ranking = rankByMagnitude('w', f32(0.5, -0.1, 0.1, 0, -0.5, 2))
    const masks = [0, 1, 2, 3, 4, 5, 6].map(count => maskLowest(ranking, count).join(''))
    expect(masks).toEqual(['111111', '111011', '101011', '100011', '000011', '000001', '000000'])
  })

  it('takes ties by layer (by hand)', () => {
    const rankings = [f32(1, -1, 3), f32(1, 0.5, 1)].map((values, i) => rankByMagnitude(`w${i}`, values))
    expect([0, 1, 2, 3, 4, 5, 6].map(count => countLowest(rankings, count))).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
      [2, 1],
      [2, 2],
      [2, 3],
      [3, 3],
    ])
  })

  it('ranks any finite score, negative ones first, both zeros alike, and zero weights before all (by hand)', () => {
    const weights = f32(1, 1, 1, 1, 0, 1)
    const ranking = rankByScore('w', weights, f32(-0, 2, -3, 0, 9, -0.5))
    const masks = [1, 2, 3, 4, 5, 6].map(count => maskLowest(ranking, count).join(''))
    expect(masks).toEqual(['111101', '110101', '110100', '010100', '010000', '000000'])
    expect(ranking.zeros).toBe(1)
  })

  it('refuses what is not finite, naming layer and index', () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const message = expect.objectContaining({ code: 'model.invalid', message: expect.stringMatching(/"conv".* 2 /) })
      expect(() => rankByMagnitude('conv', f32(1, 2, bad))).toThrow(message)
      expect(() => rankByScore('conv', f32(1, 2, bad), f32(1, 1, 1))).toThrow(message)
      expect(() => rankByScore('conv', f32(1, 2, 3), f32(1, 1, bad))).toThrow(message)
    }
  })

  it('equals sorting, on thousands of small random networks full of ties', () => {
    const random = createRandom(1)
    for (let round = 0; round < 3000; round++) {
      const zeroShare = random.below(3) === 0 ? 0.3 : 0
      const weights = Array.from({ length: 1 + random.below(5) }, () =>
        randomWeights(random, random.below(12), zeroShare),
      )
      const scores = weights.map(values => randomWeights(random, values.length, 0.2))
      const total = weights.reduce((sum, { length }) => sum + length, 0)
      const count = random.below(total + 1)
      const byMagnitude = round % 2 === 0
      const order = ranked(weights, (layer, i) => (byMagnitude ? Math.abs(weights[layer]![i]!) : scores[layer]![i]!))
      const rankings = weights.map((values, i) =>
        byMagnitude ? rankByMagnitude(`w${i}`, values) : rankByScore(`w${i}`, values, scores[i]!.slice()),
      )
      const counts = countLowest(rankings, count)
      const masks = rankings.map((ranking, i) => maskLowest(ranking, counts[i]!))
      expect(masks).toEqual(masksWithout(weights, order.slice(0, count)))
    }
  })

  it('equals sorting on a large layer', () => {
    const random = createRandom(2)
    const weights = Float32Array.from({ length: 300_000 }, () => random.normal())
    const ranking = rankByMagnitude('w', weights)
    const sorted = weights.map(Math.abs).sort()
    for (const count of [1, 1000, 150_000, 299_999]) {
      const mask = maskLowest(ranking, count)
      const largest = sorted[count - 1]!
      expect(mask.reduce((sum, kept) => sum + kept, 0)).toBe(300_000 - count)
      expect(weights.every((w, i) => (mask[i] === 0 ? Math.abs(w) <= largest : Math.abs(w) >= largest))).toBe(true)
    }
  })

  it('equals sorting on large layers, whether keys spread over many buckets, crowd in one or tie', () => {
    const random = createRandom(3)
    const draws = [
      () => random.normal(),
      () => 1 + 0.01 * random.uniform(), // one bucket of the first histogram
      () => (1 + random.below(7)) * (random.below(2) === 0 ? 1e-39 : -1), // ties, among subnormal numbers too
    ]
    for (const draw of draws) {
      const weights = [40_000, 1, 25_000].map(length =>
        Float32Array.from({ length }, () => (random.below(50) === 0 ? 0 : draw())),
      )
      const scores = weights.map(values => values.map(value => value - 1))
      for (const rankings of [
        weights.map((values, i) => rankByMagnitude(`w${i}`, values)),
        weights.map((values, i) => rankByScore(`w${i}`, values, scores[i]!.slice())),
      ]) {
        const byMagnitude = rankings[0]!.keyMask === 0x7fffffff
        const order = ranked(weights, (layer, i) => (byMagnitude ? Math.abs(weights[layer]![i]!) : scores[layer]![i]!))
        expect(rankings.map(({ zeros }) => zeros)).toEqual(weights.map(values => values.filter(w => w === 0).length))
        for (const count of [1, 999, 32_500, 58_501, 65_000, 65_001]) {
          const counts = countLowest(rankings, count)
          const masks = rankings.map((ranking, i) => maskLowest(ranking, counts[i]!))
          const expected = masksWithout(weights, order.slice(0, count))
          expect(masks.every((mask, i) => Buffer.compare(mask, expected[i]!) === 0)).toBe(true)
        }
      }
    }
  })

  it('works on views into a larger buffer', () => {
    const all = f32(9, 9, 3, 1, 2, 9)
    expect(maskLowest(rankByMagnitude('w', all.subarray(2, 5)), 2).join('')).toBe('100')
  })
})
