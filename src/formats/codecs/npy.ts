/** The header of a NumPy .npy file (NEP 1), read as the small Python literal that it is, never evaluated. */
import { EspalierError } from '../../shared/errors.ts'
import { cutShort, damaged, looksLike } from '../file-faults.ts'

/** Kind and bytes of a value; byte order apart. `b1` is bool. */
export type NpyType = 'b1' | 'u1' | 'u2' | 'u4' | 'u8' | 'i1' | 'i2' | 'i4' | 'i8' | 'f2' | 'f4' | 'f8'

export interface NpyHeader {
  readonly type: NpyType
  readonly isBigEndian: boolean
  readonly isFortran: boolean
  readonly dims: readonly number[]
  readonly valueSize: number
  readonly dataOffset: number
}

const types: readonly string[] = 'b1 u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8'.split(' ')
const MAX_HEADER = 65_536
/** Enough of the file for any header that is accepted. */
export const npyHeaderSize = 12 + MAX_HEADER

/** `head` are the first `npyHeaderSize` bytes, or all there are. Throws `file.corrupt`, `file.truncated`, `dataset.invalid`. */
export function readNpyHeader(head: Uint8Array, name: string): NpyHeader {
  const isNpy = head[0] === 0x93 && new TextDecoder('latin1').decode(head.subarray(1, 6)) === 'NUMPY'
  if (!isNpy) throw damaged(name, `it is no .npy file, it ${looksLike(head)}`)
  const version = head[6]
  if (version !== 1 && version !== 2 && version !== 3) throw damaged(name, `its format version is ${version}`)
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const start = version === 1 ? 10 : 12
  if (head.length < start) throw cutShort(name, 'its header is incomplete')
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER) throw damaged(name, `its header has ${length} bytes, more than ${MAX_HEADER}`)
  const dataOffset = start + length
  if (head.length < dataOffset) throw cutShort(name, 'its header is incomplete')
  const encoding = version === 3 ? 'utf-8' : 'latin1'
  return { ...parse(new TextDecoder(encoding).decode(head.subarray(start, dataOffset)), name), dataOffset }
}

/** Checks the size of the file, in bytes, against its dims. Throws `file.truncated`, `file.corrupt`. */
export function checkNpySize({ dims, valueSize, dataOffset }: NpyHeader, size: number, name: string): void {
  const expected = dataOffset + dims.reduce((product, dim) => product * dim, valueSize)
  const what = `it has ${size} bytes where an array of ${dims.join(' x ')} needs ${expected}`
  if (size < expected) throw cutShort(name, what)
  if (size > expected) throw damaged(name, what)
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }`, keys in any order. */
function parse(literal: string, name: string): Omit<NpyHeader, 'dataOffset'> {
  const inner = /^\{(.*)\}\s*$/s.exec(literal)?.[1]
  if (inner === undefined) throw damaged(name, `its header is ${JSON.stringify(literal.slice(0, 80))}`)
  const descr = /'descr':\s*('[^']*'|\[)/.exec(inner)?.[1]
  const order = /'fortran_order':\s*(True|False)/.exec(inner)?.[1]
  const shape = /'shape':\s*\(([\d\s,L]*)\)/.exec(inner)?.[1]
  if (!descr || !order || shape === undefined) throw damaged(name, 'its header lacks descr, fortran_order or shape')
  const [, byteOrder, type = ''] = /^'([<>|=])?([a-zA-Z]\d*)'$/.exec(descr) ?? []
  if (!types.includes(type)) throw unsupported(name, descr)
  const dims = shape
    .split(',')
    .map(dim => dim.trim().replace(/L$/, ''))
    .filter(Boolean)
    .map(Number)
  return {
    type: type as NpyType,
    isBigEndian: byteOrder === '>',
    isFortran: order === 'True',
    dims,
    valueSize: Number(type.slice(1)),
  }
}

function unsupported(name: string, descr: string): EspalierError {
  const isObjects = descr.includes('O')
  return new EspalierError({
    code: 'dataset.invalid',
    message: `${name} holds ${isObjects ? 'Python objects' : `values of type ${descr === '[' ? 'record' : descr}`}.`,
    file: name,
    rule: 'Arrays hold bool, integer or floating-point values.',
    ...(isObjects && { hint: 'Save it again from an array of numbers; Python objects are never loaded.' }),
  })
}
