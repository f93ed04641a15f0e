import { createRandom, deriveSeed } from '../random.ts'
import { shuffle } from '../split.ts'

/**
 * The samples `indices` in the order of an epoch, every order equally likely. It follows from seed and epoch alone, so
 * that a run resumed in the middle of an epoch sees the rest of the samples that it would have seen.
 */
export function epochOrder(indices: Int32Array, seed: number, epoch: number): Int32Array {
  const order = indices.slice()
  shuffle(order, createRandom(deriveSeed(seed, 'order', epoch)))
  return order
}
