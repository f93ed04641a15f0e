/** Stored numbers of any type and byte order as JavaScript numbers. */

/** `u`nsigned, `i`nteger or `f`loat, and bytes a value. */
export type NumberType = 'u1' | 'u2' | 'u4' | 'u8' | 'i1' | 'i2' | 'i4' | 'i8' | 'f2' | 'f4' | 'f8'

/** ES2025, which the compiler's library does not have yet. */
type HalfView = DataView & { getFloat16(at: number, isLittle: boolean): number }
type Getter = (view: DataView, at: number, isLittle: boolean) => number

/** A 64-bit integer from its upper half. Many times as fast as by way of a bigint. */
const wide = (upper: number, view: DataView, at: number, isLittle: boolean): number =>
  upper * 2 ** 32 + view.getUint32(isLittle ? at : at + 4, isLittle)

const getters: Readonly<Record<NumberType, Getter>> = {
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, isLittle) => view.getUint16(at, isLittle),
  u4: (view, at, isLittle) => view.getUint32(at, isLittle),
  u8: (view, at, isLittle) => wide(view.getUint32(isLittle ? at + 4 : at, isLittle), view, at, isLittle),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, isLittle) => view.getInt16(at, isLittle),
  i4: (view, at, isLittle) => view.getInt32(at, isLittle),
  i8: (view, at, isLittle) => wide(view.getInt32(isLittle ? at + 4 : at, isLittle), view, at, isLittle),
  f2: (view, at, isLittle) => (view as HalfView).getFloat16(at, isLittle),
  f4: (view, at, isLittle) => view.getFloat32(at, isLittle),
  f8: (view, at, isLittle) => view.getFloat64(at, isLittle),
}

/** Float64 holds every type exactly but 64-bit integers beyond 2^53. */
export function readNumbers(bytes: Uint8Array, type: NumberType, isBigEndian: boolean): Float64Array {
  const size = Number(type[1])
  const get = getters[type]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const numbers = new Float64Array(Math.floor(bytes.length / size))
  for (let index = 0; index < numbers.length; index++) numbers[index] = get(view, index * size, !isBigEndian)
  return numbers
}
