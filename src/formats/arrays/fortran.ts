/**
 * NumPy arrays in Fortran order, where the first index, the sample, runs fastest: handed on row by row, sample after
 * sample, as all other arrays are stored.
 */
import { records } from '../samples/records.ts'

/** Bytes of samples that are put together at once. */
const BLOCK = 2 ** 28

export interface FortranValues {
  /** Samples first; not empty. */
  readonly dims: readonly number[]
  /** Bytes a value. */
  readonly valueSize: number
  readonly dataOffset: number
  /** The file's bytes from the start, each time anew. */
  chunks(): AsyncIterable<Uint8Array>
}

/**
 * The values in C order. A sample is spread over the whole file, so the file is read once for each block of samples that
 * fits in memory: once where all of them do.
 */
export async function* inRows(
  { dims, valueSize, dataOffset, chunks }: FortranValues,
  blockBytes = BLOCK,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [count = 0, ...rest] = dims
  const places = placesInRow(rest)
  const rowSize = places.length * valueSize
  const rows = Math.max(1, Math.floor(blockBytes / rowSize))
  for (let first = 0; first < count; first += rows) {
    const last = Math.min(first + rows, count)
    const block = new Uint8Array((last - first) * rowSize)
    let value = 0
    for await (const values of records(chunks(), valueSize, dataOffset)) {
      for (let at = 0; at < values.length; ) {
        const sample = value % count
        const run = Math.min(count - sample, (values.length - at) / valueSize)
        const place = places[Math.floor(value / count)]! * valueSize
        for (let n = Math.max(sample, first); n < Math.min(sample + run, last); n++)
          for (let byte = 0; byte < valueSize; byte++)
            block[(n - first) * rowSize + place + byte] = values[at + (n - sample) * valueSize + byte]!
        value += run
        at += run * valueSize
      }
    }
    yield block
  }
}

/** Where in a row of C order the values of a sample go, in the order in which Fortran order has them. */
function placesInRow(dims: readonly number[]): Uint32Array {
  let places = Uint32Array.of(0)
  let stride = dims.reduce((product, dim) => product * dim, 1)
  for (const dim of dims) {
    stride /= dim
    const before = places
    places = Uint32Array.from({ length: before.length * dim }, (_, i) => {
      const index = Math.floor(i / before.length)
      return before[i % before.length]! + index * stride
    })
  }
  return places
}
