/** An array in a file: where its values are and what they mean. */
import type { NumberType } from './numbers.ts'

export interface StoredArray {
  /** File and array, for messages. */
  readonly name: string
  /** Short, for the import report. */
  readonly label: string
  /** Samples first. */
  readonly dims: readonly number[]
  readonly type: NumberType | 'b1'
  /** The type in words: `uint8`, `float64`. */
  readonly typeName: string
  readonly isBigEndian: boolean
  /** Bytes; the values start at `dataOffset`, row by row (C order). */
  chunks(): AsyncIterable<Uint8Array>
  readonly dataOffset: number
}

export interface LabelledArrays {
  readonly images: StoredArray
  readonly labels: StoredArray
}

/** Signals are floats, and hardly ever have as many features as steps; what else has three dims is gray images. */
export const looksLikeSeries = ({ dims, type }: StoredArray): boolean =>
  dims.length === 3 && type.startsWith('f') && dims[1] !== dims[2]

/** Bytes a value. */
export const valueSize = ({ type }: StoredArray): number => Number(type[1])
/** `b1` as bytes 0 and 1. */
export const numberType = ({ type }: StoredArray): NumberType => (type === 'b1' ? 'u1' : type)

const typeNames = { b: 'bool', u: 'uint', i: 'int', f: 'float' }

/** `u1` is `uint8`. */
export function nameOfType(type: StoredArray['type']): string {
  const kind = type[0] as keyof typeof typeNames
  return kind === 'b' ? 'bool' : `${typeNames[kind]}${8 * Number(type[1])}`
}
