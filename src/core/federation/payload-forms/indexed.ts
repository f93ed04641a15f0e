import { asFloats, type PayloadForm } from '../payload-form.ts'

/** The places of the carried values, ascending, 4 bytes each; then the values. */
export const indexed: PayloadForm = {
  code: 2,
  words: (_size, count) => 2 * count,
  write({ values, carried, count }, words) {
    const floats = asFloats(words.subarray(count))
    let at = 0
    for (let i = 0; i < values.length; i++) {
      if (carried?.[i] === 0) continue
      words[at] = i
      floats[at++] = values[i]!
    }
  },
  read(words, count, values) {
    const floats = asFloats(words.subarray(count))
    let last = -1
    for (let at = 0; at < count; at++) {
      const place = words[at]!
      if (place <= last || place >= values.length) throw new RangeError(`value ${at} is said to stand at ${place}`)
      values[place] = floats[at]!
      last = place
    }
  },
}
