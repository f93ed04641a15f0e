/** A set of weights as it travels: a bit for each, the first in the lowest bit of the first byte, tensors one after the other. */
import type { Masks } from '../../graph/model.ts'

export function packSet(set: Masks): Uint8Array {
  const size = [...set.values()].reduce((sum, mask) => sum + mask.length, 0)
  const bytes = new Uint8Array(Math.ceil(size / 8))
  let at = 0
  for (const mask of set.values()) {
    for (let i = 0; i < mask.length; i++, at++) bytes[at >>> 3]! |= mask[i]! << (at & 7)
  }
  return bytes
}

/** The set of tensors of these sizes, by name, in the order in which it was packed. */
export function unpackSet(bytes: Uint8Array, sizes: ReadonlyMap<string, number>): Masks {
  let at = 0
  const bit = () => (bytes[at >>> 3]! >>> (at++ & 7)) & 1
  return new Map([...sizes].map(([name, size]) => [name, Uint8Array.from({ length: size }, bit)]))
}
