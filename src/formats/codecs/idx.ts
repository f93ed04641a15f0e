/** The header of an IDX file, the format of MNIST: two zero bytes, value type, number of dims, dims as big-endian uint32. */
import { EspalierError } from '../../shared/errors.ts'
import { looksLike } from '../file-faults.ts'

export type IdxType = 'u8' | 'i8' | 'i16' | 'i32' | 'f32' | 'f64'

export interface IdxHeader {
  readonly type: IdxType
  readonly dims: readonly number[]
  /** Bytes a value; the values, big-endian, start at `dataOffset`. */
  readonly valueSize: number
  readonly dataOffset: number
}

const types: Readonly<Record<number, readonly [IdxType, number]>> = {
  8: ['u8', 1],
  9: ['i8', 1],
  11: ['i16', 2],
  12: ['i32', 4],
  13: ['f32', 4],
  14: ['f64', 8],
}

/** An IDX header is at most this long. */
export const idxHeaderSize = 4 + 4 * 8

/** `head` are the first `idxHeaderSize` bytes, or all there are. Throws `file.corrupt`, `file.truncated`. */
export function readIdxHeader(head: Uint8Array, name: string): IdxHeader {
  const [type, valueSize] = types[head[2] ?? 0] ?? []
  const rank = head[3] ?? 0
  if (head[0] !== 0 || head[1] !== 0 || !type || !valueSize || rank < 1 || rank > 8) {
    throw new EspalierError({
      code: 'file.corrupt',
      message: `${name} is not an IDX file: it ${looksLike(head)}.`,
      file: name,
      rule: 'An IDX file starts with two zero bytes, a value type and the number of dims.',
    })
  }
  const dataOffset = 4 + 4 * rank
  if (head.length < dataOffset) throw wrongSize(name, dataOffset, head.length)
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const dims = Array.from({ length: rank }, (_, dim) => view.getUint32(4 + 4 * dim))
  return { type, dims, valueSize, dataOffset }
}

/** Checks the size of the unpacked file, in bytes, against its dims. Throws `file.truncated`, `file.corrupt`. */
export function checkIdxSize({ dims, valueSize, dataOffset }: IdxHeader, size: number, name: string): void {
  const expected = dataOffset + dims.reduce((product, dim) => product * dim, valueSize)
  if (size !== expected) throw wrongSize(name, expected, size, dims)
}

function wrongSize(name: string, expected: number, size: number, dims?: readonly number[]): EspalierError {
  const what = dims ? `its header declares ${dims.join(' x ')} values` : 'its header is incomplete'
  return new EspalierError({
    code: size < expected ? 'file.truncated' : 'file.corrupt',
    message: `${name} has ${size} bytes where ${expected} are expected: ${what}.`,
    file: name,
    rule: 'An IDX file is its header and exactly the values that it declares.',
    hint: 'Copy or download the file again.',
  })
}
