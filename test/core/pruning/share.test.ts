import { describe, expect, it } from 'vitest'
import { floorShare } from '../../../src/core/pruning/share.ts'

describe('floor of a share', () => {
  it.each([
    [0.29, 100, 29], // the binary product is 28.999999999999996
    [0.57, 100, 57],
    [0.3, 432, 129],
    [0.95, 432, 410],
    [0.99, 432, 427],
    [0.7, 2304, 1612],
    [0.1, 3, 0],
    [0, 1000, 0],
    [-0, 1000, 0],
    [0.5, 0, 0],
    [0.9, 25_502_912, 22_952_620],
    [1e-7, 30_000_000, 3],
    [1.5e-7, 30_000_000, 4],
    [0.9999999, 9_999_999, 9_999_998],
    [5e-324, 25_502_912, 0],
    [0.3333333333333333, 3, 0],
  ])('%d of %d is %d', (share, count, expected) => {
    expect(floorShare(share, count)).toBe(expected)
  })

  it('is exact for every share of at most four decimals', () => {
    for (let tenThousandths = 0; tenThousandths < 10_000; tenThousandths += 7)
      for (const count of [1, 9, 432, 9216, 268_336, 25_502_912])
        expect(floorShare(tenThousandths / 10_000, count)).toBe(
          Number((BigInt(tenThousandths) * BigInt(count)) / 10_000n),
        )
  })
})
