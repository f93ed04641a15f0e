import { expect, it } from 'vitest'
import { epochOrder } from '../../../src/core/training/order.ts'

const indices = Int32Array.from({ length: 50 }, (_, i) => 3 * i)

it('holds every sample once, the same for the same seed and epoch, another for another, and leaves its input alone', () => {
  const order = epochOrder(indices, 1, 2)
  expect([...order].sort((a, b) => a - b)).toEqual([...indices])
  expect(epochOrder(indices, 1, 2)).toEqual(order)
  for (const other of [epochOrder(indices, 1, 3), epochOrder(indices, 2, 2), indices]) expect(order).not.toEqual(other)
  expect(indices[0]).toBe(0)
})

it('puts every sample at every place about equally often', () => {
  const counts = Array.from({ length: 5 }, () => [0, 0, 0, 0, 0])
  const few = indices.subarray(0, 5)
  for (let epoch = 0; epoch < 5000; epoch++)
    for (const [place, sample] of epochOrder(few, 7, epoch).entries()) counts[place]![sample / 3]!++
  // 1,000 of 5,000 each; five standard deviations of a binomial count are 141.
  for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(141)
})
