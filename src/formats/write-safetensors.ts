/** Writes safetensors. The same tensors and metadata always give the same bytes. */
import { elementCount } from '../core/graph/dims.ts'

export interface TensorToWrite {
  readonly name: string
  readonly dims: readonly number[]
  /** Row-major; stored as F32 or U8. */
  readonly data: Float32Array | Uint8Array
}

/** The format wants the first tensor aligned to eight bytes; spaces fill the header up. */
const ALIGNMENT = 8

/** A tensor without its numbers: enough to lay a file out. */
export interface TensorLayout {
  readonly name: string
  readonly dims: readonly number[]
  readonly dtype: 'F32' | 'U8'
}

const bytesPerElement = { F32: 4, U8: 1 } as const
const typeOf = (data: TensorToWrite['data']) => (data instanceof Float32Array ? 'F32' : 'U8')

type Metadata = Readonly<Record<string, string>>

/** Tensors are laid out by type, then by name, so that every F32 stays aligned before the U8. */
function layOut<T extends TensorLayout>(tensors: readonly T[], metadata: Metadata) {
  const sorted = tensors.toSorted(
    (a, b) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype] || order(a.name, b.name),
  )
  const entries: [string, unknown][] = [['__metadata__', Object.fromEntries(Object.entries(metadata).toSorted(byKey))]]
  let end = 0
  for (const { name, dims, dtype } of sorted) {
    const begin = end
    end += elementCount(dims) * bytesPerElement[dtype]
    entries.push([name, { dtype, shape: dims, data_offsets: [begin, end] }])
  }
  if (new Set(entries.map(([name]) => name)).size < entries.length) throw new Error('two tensors have the same name')
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const start = Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT
  return { sorted, json, start, size: start + end }
}

/** Bytes of the file that these tensors make. */
export const safetensorsSize = (tensors: readonly TensorLayout[], metadata: Metadata = {}): number =>
  layOut(tensors, metadata).size

export function writeSafetensors(tensors: readonly TensorToWrite[], metadata: Metadata = {}): Uint8Array {
  for (const { name, dims, data } of tensors)
    if (elementCount(dims) !== data.length)
      throw new Error(`${name} has ${data.length} elements, not ${dims.join('x')}`)
  const { sorted, json, start, size } = layOut(
    tensors.map(tensor => ({ ...tensor, dtype: typeOf(tensor.data) })),
    metadata,
  )
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true)
  bytes.set(json, 8)
  bytes.fill(0x20, 8 + json.length, start)
  let position = start
  for (const { data } of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position)
    position += data.byteLength
  }
  return bytes
}

/** By code units: the same in every locale. */
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => order(a, b)
