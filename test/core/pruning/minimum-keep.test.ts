import { describe, expect, it } from 'vitest'
import { minimumWeights, requireFeasible, rescaleZeros } from '../../../src/core/pruning/minimum-keep.ts'
import { createRandom } from '../../../src/core/random.ts'

// The example of five-systems, section 6, item 2.
const sizes = [432, 9_216, 36_864, 147_456, 640]
const shares = [0.3, 0.9, 0.97, 0.995, 0.2]
const total = sizes.reduce((sum, size) => sum + size, 0)
const layers = sizes.map((weights, i) => ({ weights, zeros: weights * shares[i]! }))
const sharesOf = (zeros: readonly number[]) => zeros.map((count, i) => count / sizes[i]!)

/** The published steps as five-systems 2a tells them, for targets that can be met. */
function published(start: readonly number[], weights: readonly number[], target: number, m: number): number[] {
  const n = weights.reduce((sum, size) => sum + size, 0)
  const of = (s: readonly number[]) => s.reduce((sum, share, i) => sum + share * weights[i]!, 0) / n
  const tooFew = (s: readonly number[], i: number) => (1 - s[i]!) * weights[i]! < m * (1 - 1e-12)
  const cap = (s: readonly number[]) =>
    s.map((share, i) => (weights[i]! > m && tooFew(s, i) ? 1 - m / weights[i]! : share))
  let s = start.map((share, i) => (weights[i]! <= m ? 0 : share))
  s = cap(s.map(share => (share / of(s)) * target))
  for (let round = 0; round < 100_000 && of(s) < target - 1e-13; round++)
    s = cap(s.map(share => (share / of(s)) * target))
  return s
}

describe('the published minimum threshold', () => {
  it('gives the shares of the example to four digits', () => {
    const found = sharesOf(rescaleZeros(layers, 0.98 * total, 100)).map(share => share.toFixed(4))
    expect(found).toEqual(['0.2995', '0.8985', '0.9684', '0.9934', '0.1997'])
  })

  it('refuses the infeasible one at once, with the highest sparsity that is not', () => {
    expect(() => rescaleZeros(layers, 0.999 * total, 600)).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: expect.stringContaining('A sparsity of 0.999 cannot be reached where each layer keeps 600 weights'),
        // (9216 + 36864 + 147456 + 640 - 4 x 600) / 194608
        hint: expect.stringContaining('0.9854'),
      }),
    )
    expect(() => requireFeasible(sizes, 0.999, 600)).toThrow(expect.objectContaining({ code: 'prune.infeasible' }))
    requireFeasible(sizes, 0.9854, 600)
    expect(rescaleZeros(layers, 0.9854 * total, 600)[4]).toBeCloseTo(40)
  })

  it('is where the published loop ends, caps and all', () => {
    const random = createRandom(5)
    for (let trial = 0; trial < 300; trial++) {
      const weights = Array.from({ length: 2 + random.below(5) }, () => 20 + random.below(1000))
      const all = weights.reduce((sum, size) => sum + size, 0)
      const minimum = random.below(60)
      const start = weights.map(() => 0.05 + 0.9 * random.uniform())
      const spare = weights.reduce((sum, size) => sum + Math.max(size - minimum, 0), 0) / all
      const target = Math.min(0.98 * spare, start.reduce((sum, share, i) => sum + share * weights[i]!, 0) / all)
      const given = weights.map((size, i) => ({ weights: size, zeros: start[i]! * size }))
      const found = rescaleZeros(given, target * all, minimum)
      for (const [i, share] of published(start, weights, target, minimum).entries())
        expect(found[i]! / weights[i]!).toBeCloseTo(share, 6)
    }
  })

  it('changes nothing without a minimum, and leaves small layers dense', () => {
    const given = [
      { weights: 7, zeros: 3 },
      { weights: 50, zeros: 41 },
    ]
    expect(rescaleZeros(given, 44, 0)).toEqual([3, 41])
    expect(rescaleZeros(given, 43, 7)).toEqual([0, 43])
  })
})

describe('a minimum in a recipe', () => {
  it.each([
    [0, 25_502_912, 0],
    [0.0005, 25_502_912, 12_751],
    [0.00005, 25_502_912, 1_275],
    [0.0005, 23_340_464, 11_670],
    [0.999, 1000, 999],
    [1, 1000, 1],
    [100, 1000, 100],
  ])('%d of %d weights is %d', (minimumKeep, weights, expected) => {
    expect(minimumWeights(minimumKeep, weights)).toBe(expected)
  })
})
