/**
 * The names that NumPy arrays and scalars need in a pickle, and nothing more. Python 2 and 3 and NumPy 1 and 2 write
 * the same thing in different ways; see `array_reduce` and `arraydescr_reduce` in NumPy's multiarray.
 */
import {
  countsOf,
  invalidPickle,
  type PickleGlobals,
  type PickleObject,
  type PicklePlace,
  type PickleValue,
  pickleGlobal,
  textOf,
} from './pickle-values.ts'

/** A dtype as NumPy writes it: kind and item size, such as `u1`, `i8`, `f4`. */
export class NumpyType implements PickleObject {
  readonly kind = 'numpy-type'
  readonly code: string
  byteOrder: '<' | '>' | '|' = '|'

  constructor(code: string) {
    this.code = code
  }

  get itemSize(): number {
    return Number(this.code.slice(1))
  }

  /** State: (version, byte order, ...). */
  setState(state: PickleValue, at: PicklePlace): void {
    const order = textOf(Array.isArray(state) ? state[1] : undefined)
    if (order !== '<' && order !== '>' && order !== '|') throw invalidPickle(at, 'a NumPy type without a byte order')
    this.byteOrder = order
  }
}

/** `bytes` are the items in row-major order unless `isFortran`; a view of the pickle. */
export class NumpyArray implements PickleObject {
  readonly kind = 'numpy-array'
  dims: readonly number[] = []
  dtype = new NumpyType('V0')
  isFortran = false
  bytes: Uint8Array = new Uint8Array(0)

  /** State: (version, dims, dtype, is Fortran order, bytes), the version left out by very old writers. */
  setState(state: PickleValue, at: PicklePlace): void {
    const [shape, dtype, isFortran, bytes] = Array.isArray(state) ? state.slice(-4) : []
    const dims = countsOf(shape)
    const isWhole = dims && dtype instanceof NumpyType && bytes instanceof Uint8Array
    if (!isWhole) throw invalidPickle(at, 'a NumPy array that is not dims, type and bytes')
    this.#fill(dims, dtype, bytes, at)
    this.isFortran = isFortran === true || isFortran === 1
  }

  #fill(dims: readonly number[], dtype: NumpyType, bytes: Uint8Array, at: PicklePlace): void {
    const length = dims.reduce((product, dim) => product * dim, 1) * dtype.itemSize
    if (length !== bytes.length) {
      throw invalidPickle(at, `a NumPy array of ${dims.join(' x ')} ${dtype.code} holds ${bytes.length} bytes`)
    }
    this.dims = dims
    this.dtype = dtype
    this.bytes = bytes
  }
}

/** `numpy.core` until NumPy 1, `numpy._core` since NumPy 2. */
const inBoth = (module: string, name: string, call?: Parameters<typeof pickleGlobal>[1]) =>
  ['numpy.core', 'numpy._core'].map(parent => pickleGlobal(`${parent}.${module}.${name}`, call))

export const numpyGlobals: PickleGlobals = new Map([
  ...inBoth('multiarray', '_reconstruct', () => new NumpyArray()), // its arguments are placeholders for the state that follows
  ...inBoth('multiarray', 'scalar', scalar),
  ...inBoth('numeric', '_frombuffer', fromBuffer),
  pickleGlobal('numpy.ndarray'),
  pickleGlobal('numpy.dtype', (args, at) => {
    const code = /^[<>|=]?([biufScUV?]\d{0,9})$/.exec(textOf(args[0]) ?? '')?.[1]
    if (!code) throw invalidPickle(at, 'a NumPy type of an unknown kind')
    return new NumpyType(code === '?' ? 'b1' : code)
  }),
  pickleGlobal('_codecs.encode', encode),
])

/** How protocols below 3 write `bytes`: as text that stands for Latin-1. */
function encode(args: readonly PickleValue[], at: PicklePlace): Uint8Array {
  const [text, encoding] = [textOf(args[0]), textOf(args[1]) ?? '']
  if (text === undefined || !/^latin-?1$/i.test(encoding)) throw invalidPickle(at, 'bytes in an unknown encoding')
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** Protocol 5, without out-of-band buffers: (bytes, dtype, dims, order). */
function fromBuffer([bytes, dtype, dims, order]: readonly PickleValue[], at: PicklePlace): NumpyArray {
  const array = new NumpyArray()
  array.setState([dims ?? null, dtype ?? null, textOf(order) === 'F', bytes ?? null], at)
  return array
}

/** A NumPy number: (dtype, bytes). */
function scalar([dtype, bytes]: readonly PickleValue[], at: PicklePlace): PickleValue {
  if (!(dtype instanceof NumpyType) || !(bytes instanceof Uint8Array)) {
    throw invalidPickle(at, 'a NumPy number without its bytes')
  }
  const value = numberOf(dtype, bytes)
  if (value === undefined) throw invalidPickle(at, `a NumPy number of type ${dtype.code} in ${bytes.length} bytes`)
  return value
}

function numberOf({ code, byteOrder, itemSize }: NumpyType, bytes: Uint8Array): PickleValue | undefined {
  if (bytes.length !== itemSize) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const isLittle = byteOrder !== '>'
  switch (code) {
    case 'f8':
      return view.getFloat64(0, isLittle)
    case 'f4':
      return view.getFloat32(0, isLittle)
    case 'i8':
      return Number(view.getBigInt64(0, isLittle))
    case 'i4':
      return view.getInt32(0, isLittle)
    case 'b1':
      return view.getUint8(0) !== 0
    default:
      return undefined
  }
}
