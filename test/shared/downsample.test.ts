import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/core/random.ts'
import { downsample } from '../../src/shared/downsample.ts'

describe('downsample', () => {
  it('leaves short series alone and says so', () => {
    expect(downsample([3, 1, 2], 4)).toEqual({ indices: [0, 1, 2], isThinned: false })
  })

  it('keeps the ends and the extremes of each piece (by hand)', () => {
    expect(downsample([5, 0, 9, 1, 1, 7, 2, 3], 6)).toEqual({ indices: [0, 1, 2, 4, 5, 7], isThinned: true })
  })

  it('never loses the smallest or largest value, keeps the order and the limit', () => {
    const random = createRandom(3)
    for (let round = 0; round < 500; round++) {
      const values = Float64Array.from({ length: 1 + random.below(300) }, () =>
        random.below(20) === 0 ? Number.NaN : random.normal(),
      )
      const limit = 4 + random.below(60)
      const { indices, isThinned } = downsample(values, limit)
      expect(indices.length).toBeLessThanOrEqual(limit)
      expect(isThinned).toBe(indices.length < values.length)
      expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b))
      const finite = (list: number[]) => list.filter(x => !Number.isNaN(x))
      const [all, kept] = [finite([...values]), finite(indices.map(i => values[i]!))]
      expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...all), Math.max(...all)])
      expect([indices[0], indices.at(-1)]).toEqual([0, values.length - 1])
    }
  })
})
