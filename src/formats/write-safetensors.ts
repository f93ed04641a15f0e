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

/** Tensors are laid out by type, then by name, so that every F32 stays aligned behind the U8. */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = tensors.toSorted(
    (a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || order(a.name, b.name),
  )
  const entries: [string, unknown][] = [['__metadata__', Object.fromEntries(Object.entries(metadata).toSorted(byKey))]]
  let end = 0
  for (const { name, dims, data } of sorted) {
    if (elementCount(dims) !== data.length)
      throw new Error(`${name} has ${data.length} elements, not ${dims.join('x')}`)
    const begin = end
    end += data.byteLength
    const dtype = data instanceof Float32Array ? 'F32' : 'U8'
    entries.push([name, { dtype, shape: dims, data_offsets: [begin, end] }])
  }
  if (new Set(entries.map(([name]) => name)).size < entries.length) throw new Error('two tensors have the same name')
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const start = Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(start + end)
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
