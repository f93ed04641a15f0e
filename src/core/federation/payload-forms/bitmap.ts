import { asFloats, type PayloadForm } from '../payload-form.ts'

const mapWords = (size: number) => Math.ceil(size / 32)

/** A bit for each value, the first in the lowest bit, padded to 4 bytes; then those that are carried, in order. */
export const bitmap: PayloadForm = {
  code: 1,
  words: (size, count) => mapWords(size) + count,
  write({ values, carried }, words) {
    const map = words.subarray(0, mapWords(values.length))
    const floats = asFloats(words.subarray(map.length))
    let at = 0
    for (let i = 0; i < values.length; i++) {
      if (carried?.[i] === 0) continue
      map[i >>> 5]! |= 1 << (i & 31)
      floats[at++] = values[i]!
    }
  },
  read(words, count, values) {
    const map = words.subarray(0, mapWords(values.length))
    const floats = asFloats(words.subarray(map.length))
    let at = 0
    for (let i = 0; i < values.length; i++) if (map[i >>> 5]! & (1 << (i & 31))) values[i] = floats[at++]!
    if (at !== count) throw new RangeError(`${at} bits are set for ${count} values`)
  },
}
