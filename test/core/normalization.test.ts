import { describe, expect, it } from 'vitest'
import { normalization } from '../../src/core/normalization.ts'
import { idsOf, type NormalizationId, normalizations } from '../../src/shared/methods.ts'

describe('normalisation', () => {
  it.each(idsOf(normalizations) as [NormalizationId, ...NormalizationId[]])(
    '%s has a value for each of three channels, as its help says',
    id => {
      const { mean, std } = normalization(id, 3, { mean: [1, 2, 3], std: [4, 5, 6] })
      expect([mean.length, std.length]).toEqual([3, 3])
      expect(std.every(value => value > 0)).toBe(true)
      const said = [...normalizations[id].help.matchAll(/\.\d+/g)].map(([digits]) => Number(digits))
      if (said.length > 0) expect(new Set([...mean, ...std])).toEqual(new Set(said))
    },
  )

  it('of one value goes with any number of channels, of three only with three', () => {
    expect(normalization('half', 1)).toEqual({ mean: [0.5], std: [0.5] })
    expect(normalization('none', 2)).toEqual({ mean: [0, 0], std: [1, 1] })
    expect(normalization('training', 2, { mean: [1, 2], std: [3, 4] })).toEqual({ mean: [1, 2], std: [3, 4] })
    for (const channels of [1, 4]) {
      expect(() => normalization('imagenet', channels)).toThrow(
        expect.objectContaining({ code: 'argument.invalid', hint: expect.stringContaining('half') }),
      )
    }
  })
})
