/** How the carried entries of one tensor stand in a payload. The members live in `payload-forms/`, the table in `payload-forms.ts`. */

/** One tensor of a payload. */
export interface Entries {
  /** All of its values. */
  readonly values: Float32Array
  /** 1 = carried, 0 = the receiver has this value already; all are carried where it is absent. */
  readonly carried: Uint8Array | undefined
  /** How many are carried. */
  readonly count: number
}

export interface PayloadForm {
  /** What stands for the form in a payload; permanent. */
  readonly code: number
  /** 32-bit words that `count` carried entries of `size` take. */
  readonly words: (size: number, count: number) => number
  /** Fills `words`, which is as long as it has to be. */
  readonly write: (entries: Entries, words: Uint32Array) => void
  /** Sets those of `values` that are carried. Throws a `RangeError` where the words contradict themselves. */
  readonly read: (words: Uint32Array, count: number, values: Float32Array) => void
}

/** The same memory as floats. */
export const asFloats = (words: Uint32Array): Float32Array =>
  new Float32Array(words.buffer, words.byteOffset, words.length)
