import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/core/random.ts'
import { defaultSplitSeed, shuffle, splitTrain } from '../../src/core/split.ts'

describe('validation split', () => {
  it('sets round(share x count) samples aside, every sample in one part, ascending', () => {
    for (const [count, share] of [
      [50_000, 0.1],
      [10, 0.25],
      [7, 0],
      [3, 0.9],
      [1, 0.5],
      [0, 0.5],
      [1000, 0.333],
    ] as const) {
      const { train, validation } = splitTrain(count, share, 3)
      expect(validation.length).toBe(Math.max(0, Math.min(Math.round(share * count), count - 1)))
      expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...Array(count).keys()])
      for (const part of [train, validation]) expect(part).toEqual(part.slice().sort())
    }
  })

  it('is the same for the same seed, another for another, and has a seed of its own', () => {
    const first = splitTrain(100, 0.2, 5)
    expect(splitTrain(100, 0.2, 5)).toEqual(first)
    expect(splitTrain(100, 0.2, 6).validation).not.toEqual(first.validation)
    expect(splitTrain(100, 0.2)).toEqual(splitTrain(100, 0.2, defaultSplitSeed))
    // Recorded: a change would silently change every run that has a validation split.
    expect([...splitTrain(20, 0.25).validation]).toMatchInlineSnapshot(`
      [
        2,
        6,
        10,
        17,
        18,
      ]
    `)
  })

  it('takes from every class its share, to within one sample', () => {
    const labels = Int32Array.from({ length: 1003 }, (_, i) => (i < 700 ? 0 : i < 1000 ? 1 : 2))
    const { validation } = splitTrain(1003, 0.1, 1, labels)
    expect(validation.length).toBe(100)
    const perClass = [0, 1, 2].map(label => validation.filter(index => labels[index] === label).length)
    for (const [label, size] of [700, 300, 3].entries()) expect(Math.abs(perClass[label]! - size * 0.1)).toBeLessThan(1)
    const even = splitTrain(
      50_000,
      0.1,
      1,
      Int32Array.from({ length: 50_000 }, (_, i) => i % 10),
    )
    const counts = new Array<number>(10).fill(0)
    for (const index of even.validation) counts[index % 10]!++
    expect(counts).toEqual(Array(10).fill(500))
  })

  it.each([-0.1, 1, 1.2, Number.NaN])('refuses the share %s', share => {
    expect(() => splitTrain(10, share, 1)).toThrow(expect.objectContaining({ code: 'argument.invalid' }))
  })
})

describe('shuffle', () => {
  it('gives every order equally often', () => {
    const random = createRandom(1)
    const seen = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const values = [0, 1, 2, 3]
      shuffle(values, random)
      seen.set(values.join(), (seen.get(values.join()) ?? 0) + 1)
    }
    expect(seen.size).toBe(24)
    // Chi-squared with 23 degrees of freedom: 49.7 is exceeded once in a thousand.
    const chiSquared = [...seen.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chiSquared).toBeLessThan(49.7)
  })
})
