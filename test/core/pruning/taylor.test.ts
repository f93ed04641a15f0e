import { expect, it } from 'vitest'
import { taylor } from '../../../src/core/pruning/scores/taylor.ts'
import { maskLowest } from '../../../src/core/pruning/select.ts'

it('drops first what changes the loss least to first order, |w g|, and leaves its inputs alone', () => {
  const weights = Float32Array.of(3, -0.1, 2, 0, -1)
  const gradients = Float32Array.of(0.1, 5, -1, 100, 0)
  const ranking = taylor.rank('w', weights, gradients)
  // |w g| = .3, .5, 2, (already zero), 0
  const masks = [1, 2, 3, 4].map(count => maskLowest(ranking, count).join(''))
  expect(masks).toEqual(['11101', '11100', '01100', '00100'])
  expect([weights, gradients]).toEqual([Float32Array.of(3, -0.1, 2, 0, -1), Float32Array.of(0.1, 5, -1, 100, 0)])
  expect(() => taylor.rank('w', weights, Float32Array.of(0, 0, Number.NaN, 0, 0))).toThrow(
    expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining('score of "w" at index 2') }),
  )
  expect(() => taylor.rank('w', weights, gradients.subarray(1))).toThrow(/5 weights and 4 gradients/)
})
