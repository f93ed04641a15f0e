import { describe, expect, it } from 'vitest'
import { schedules } from '../../../src/core/pruning/schedules.ts'
import { createRandom } from '../../../src/core/random.ts'

const { gradual, iterative } = schedules

describe('gradual', () => {
  it('is cubic: seven eighths of the way at half time', () => {
    const { sparsityAt, lastStep } = gradual({ from: 0, to: 0.8 }, { start: 2, end: 10 })
    expect([0, 2, 4, 6, 8, 10, 11].map(sparsityAt).map(s => Number(s.toFixed(6)))).toEqual([
      0, 0, 0.4625, 0.7, 0.7875, 0.8, 0.8,
    ])
    expect(lastStep).toBe(10)
  })

  it("is STR's s_f (1 - (1 - (e - 20) / 60)^3) from nothing", () => {
    const { sparsityAt } = gradual({ from: 0, to: 0.9 }, { start: 20, end: 80 })
    for (let epoch = 20; epoch <= 80; epoch++)
      expect(sparsityAt(epoch)).toBeCloseTo(0.9 * (1 - (1 - (epoch - 20) / 60) ** 3), 12)
  })
})

describe('iterative', () => {
  it('takes the same share of what is left each round', () => {
    // five-systems 3b, per cent after rounds 1 to 20 of a fifth each.
    const after = [
      20, 36, 48.8, 59, 67.2, 73.8, 79, 83.2, 86.6, 89.26, 91.4, 93.1, 94.5, 95.6, 96.5, 97.2, 97.7, 98.2, 98.6, 98.85,
    ]
    const { sparsityAt, lastStep } = iterative({ from: 0, to: 0.9884 }, { share: 0.2 })
    expect(lastStep).toBe(19)
    for (const [round, percent] of after.entries()) expect(100 * sparsityAt(round)).toBeCloseTo(percent, 1)
    expect(sparsityAt(19)).toBe(0.9884)
  })

  it('goes on from what is pruned, in no more rounds than it takes', () => {
    expect(iterative({ from: 0.5, to: 0.75 }, { share: 0.5 }).lastStep).toBe(0)
    expect(iterative({ from: 0, to: 0.36 }, { share: 0.2 }).lastStep).toBe(1)
    expect(iterative({ from: 0, to: 0.3601 }, { share: 0.2 }).lastStep).toBe(2)
    expect(iterative({ from: 0.4, to: 0.4 }, { share: 0.2 }).lastStep).toBe(0)
  })
})

it('every schedule rises, stays within its span, and ends exactly at the target', () => {
  const random = createRandom(1)
  for (let trial = 0; trial < 300; trial++) {
    const from = random.uniform() * 0.9
    const span = { from, to: from + random.uniform() * (0.999 - from) }
    const start = random.below(5)
    const all = [
      schedules['one-shot'](span),
      gradual(span, { start, end: start + 1 + random.below(40) }),
      iterative(span, { share: 0.02 + 0.9 * random.uniform() }),
    ]
    for (const { sparsityAt, lastStep } of all) {
      let before = from
      for (let step = 0; step <= lastStep; step++) {
        expect(sparsityAt(step)).toBeGreaterThanOrEqual(before)
        before = sparsityAt(step)
      }
      expect([sparsityAt(lastStep), sparsityAt(lastStep + 1)]).toEqual([span.to, span.to])
      if (lastStep > 0) expect(sparsityAt(lastStep - 1)).toBeLessThan(span.to)
    }
  }
})
