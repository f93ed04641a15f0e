/**
 * safetensors: an eight-byte header length, a JSON header {name: {dtype, shape, data_offsets}, __metadata__}, then the
 * bytes. The checks are those of the format's own reader (huggingface/safetensors, tensor.rs): offsets in range, in
 * order, without holes, sizes that agree; and, since JSON readers let them pass, no name twice.
 */
import { EspalierError } from '../../shared/errors.ts'
import { repeatedKey } from '../../shared/json-keys.ts'
import { type ByteSource, memorySource } from '../byte-source.ts'
import type { CheckpointContent, CheckpointReader, StoredTensor, StoredType } from '../checkpoint.ts'
import type { ImportNote } from '../dataset.ts'
import { cutShort, damaged, endsBefore } from '../file-faults.ts'
import { elementsOf, toFloat32 } from '../stored-types.ts'
import { withoutPrefix } from '../wrapper-prefix.ts'

/** Bytes; the limit of the format's own reader. */
const MAX_HEADER = 100_000_000
const LENGTH_BYTES = 8

/** Bits an element; without a type = known to the format, but not read. */
const dtypes: ReadonlyMap<string, { bits: number; type?: StoredType }> = new Map(
  Object.entries({
    F64: { bits: 64, type: 'f64' },
    F32: { bits: 32, type: 'f32' },
    F16: { bits: 16, type: 'f16' },
    BF16: { bits: 16, type: 'bf16' },
    I64: { bits: 64, type: 'i64' },
    I32: { bits: 32, type: 'i32' },
    I16: { bits: 16, type: 'i16' },
    I8: { bits: 8, type: 'i8' },
    U8: { bits: 8, type: 'u8' },
    BOOL: { bits: 8, type: 'bool' },
    C64: { bits: 64 },
    U64: { bits: 64 },
    U32: { bits: 32 },
    U16: { bits: 16 },
    F8_E4M3: { bits: 8 },
    F8_E5M2: { bits: 8 },
    F8_E8M0: { bits: 8 },
    F6_E2M3: { bits: 6 },
    F6_E3M2: { bits: 6 },
    F4: { bits: 4 },
  }),
)

export const safetensors: CheckpointReader = {
  id: 'safetensors',
  label: 'safetensors',
  extensions: ['safetensors'],
  matches: head => head.length > LENGTH_BYTES && head[LENGTH_BYTES] === 0x7b,
  open: async source => readSafetensors(source),
}

/** The same for bytes in memory, such as a model in the project file; `name` is for messages. */
export function readSafetensorsBytes(bytes: Uint8Array, name: string): CheckpointContent {
  return readSafetensors(memorySource(bytes, name))
}

interface Entry {
  readonly name: string
  readonly dtype: string
  readonly dims: readonly number[]
  /** Counted from the end of the header. */
  readonly begin: number
  readonly end: number
}

function readSafetensors(source: ByteSource): CheckpointContent {
  const { header, start } = readHeader(source)
  const { __metadata__: stored, ...rest } = header
  const entries = Object.entries(rest).map(([name, value]) => entryOf(source.path, name, value))
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkLayout(source, entries, start)
  const notes: ImportNote[] = []
  const tensors = entries.flatMap(entry => storedTensor(source, entry, start))
  const unread = entries.filter(({ dtype }) => !dtypes.get(dtype)!.type)
  for (const { name, dtype } of unread) notes.push({ kind: 'skipped', text: `${name}: a tensor of type ${dtype}.` })
  return {
    tensors: withoutPrefix(tensors, notes),
    metadata: metadataOf(source.path, stored),
    notes,
    unread: unread.map(({ name, dtype }) => `${name} (${dtype})`),
  }
}

function readHeader(source: ByteSource): { header: Record<string, unknown>; start: number } {
  const head = source.read(0, LENGTH_BYTES, 'the length of the header')
  const length = Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true))
  if (length > MAX_HEADER)
    throw damaged(source.path, `its header is said to be ${length} bytes, and ${MAX_HEADER} is the limit`)
  const text = new TextDecoder().decode(source.read(LENGTH_BYTES, length, 'the header'))
  const header = parse(source.path, text)
  const twice = repeatedKey(text)
  if (twice !== undefined) throw damaged(source.path, `its header names "${twice}" twice`)
  return { header, start: LENGTH_BYTES + length }
}

function parse(path: string, text: string): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (cause) {
    throw damaged(path, `its header is not JSON (${(cause as Error).message})`)
  }
  if (isRecord(header)) return header
  throw damaged(path, 'its header is not a JSON object')
}

function entryOf(path: string, name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {}
  if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw damaged(path, `tensor "${name}" lacks a type, a shape or offsets`)
  }
  const known = dtypes.get(dtype)
  if (!known) {
    throw new EspalierError({
      code: 'checkpoint.unsupported-type',
      message: `${path}: tensor "${name}" is of the unknown type "${dtype.slice(0, 20)}".`,
      file: path,
      rule: `Types of safetensors: ${[...dtypes.keys()].join(', ')}.`,
    })
  }
  const [begin, end] = offsets as [number, number]
  const bits = elementsOf(shape) * known.bits
  if (end - begin !== bits / 8) {
    throw damaged(
      path,
      `tensor "${name}", ${dtype} of [${shape.join(', ')}], takes ${bits / 8} bytes, not ${end - begin}`,
    )
  }
  return { name, dtype, dims: shape, begin, end }
}

function checkLayout(source: ByteSource, entries: readonly Entry[], start: number): void {
  let end = 0
  for (const entry of entries) {
    if (entry.begin < end) throw damaged(source.path, `tensor "${entry.name}" lies over the one before it`)
    if (entry.begin > end) throw damaged(source.path, `there is a hole before tensor "${entry.name}"`)
    end = entry.end
    if (start + end > source.size) {
      throw cutShort(source.path, endsBefore(`tensor "${entry.name}"`, start + end, source.size))
    }
  }
  if (start + end < source.size) throw damaged(source.path, `${source.size - start - end} bytes belong to no tensor`)
}

function storedTensor(source: ByteSource, { name, dims, begin, end, dtype }: Entry, start: number): StoredTensor[] {
  const type = dtypes.get(dtype)!.type
  if (!type) return []
  return [
    { name, dims, type, read: () => toFloat32(type, source.read(start + begin, end - begin, `tensor "${name}"`)) },
  ]
}

function metadataOf(path: string, value: unknown): Record<string, string> {
  if (value === undefined) return {}
  if (isRecord(value) && Object.values(value).every(text => typeof text === 'string')) {
    return value as Record<string, string>
  }
  throw damaged(path, 'its metadata is not a map from text to text')
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0)
