/**
 * torch.save since PyTorch 1.6: a zip archive `<name>/data.pkl`, `<name>/data/<storage key>`, `<name>/byteorder`.
 * Storages lie uncompressed, so a tensor is read from its place in the file; an archive that somebody packed again with
 * compression is read too.
 */
import { crc32, inflateRawSync } from 'node:zlib'
import { EspalierError } from '../../shared/errors.ts'
import { type ByteSource, memorySource } from '../byte-source.ts'
import type { CheckpointReader } from '../checkpoint.ts'
import { readPickle } from '../codecs/pickle.ts'
import { latin1 } from '../codecs/pickle-values.ts'
import { openZip, type ZipArchive, type ZipEntry } from '../codecs/zip.ts'
import { damaged } from '../file-faults.ts'
import { saveWeightsHint, type TorchStorage, torchGlobals } from '../pytorch/objects.ts'
import { contentOf } from '../pytorch/state-dict.ts'
import { createStorageTable } from '../pytorch/storages.ts'
import type { StorageBytes } from '../pytorch/tensors.ts'

/** Largest pickle, bytes: it holds names and dims only. */
const MAX_PICKLE = 256 * 2 ** 20

export const pytorchZip: CheckpointReader = {
  id: 'pytorch-zip',
  label: 'PyTorch',
  extensions: ['pt', 'pth', 'th', 'ckpt', 'bin'],
  matches: head => String.fromCharCode(...head.subarray(0, 4)) === 'PK\x03\x04',
  async open(source) {
    const zip = await openZip(source.path)
    try {
      const root = rootOf(zip)
      const pickle = await readPickled(source, zip, `${root}data.pkl`)
      const table = createStorageTable()
      const { value } = readPickle(memorySource(pickle, source.path), 0, {
        globals: torchGlobals,
        persistent: table.resolve,
        hint: saveWeightsHint,
      })
      const isSwapped = await isBigEndian(source, zip, `${root}byteorder`)
      return contentOf(source.path, value, await locateStorages(source, zip, root, table.storages, isSwapped))
    } finally {
      await zip.close()
    }
  },
}

/** The folder of the archive, with its slash; torch.save names it after the file. */
function rootOf(zip: ZipArchive): string {
  const pickles = zip.entries.filter(({ name }) => /^(?:[^/]+\/)?data\.pkl$/.test(name))
  if (pickles.length === 1) return pickles[0]!.name.slice(0, -'data.pkl'.length)
  throw new EspalierError({
    code: 'file.unknown-format',
    message: `${zip.path} is a zip archive, but not a PyTorch checkpoint: it holds ${pickles.length} entries named "data.pkl".`,
    file: zip.path,
    rule: 'torch.save writes one "data.pkl" into the archive.',
  })
}

async function readPickled(source: ByteSource, zip: ZipArchive, name: string): Promise<Uint8Array> {
  const entry = zip.find(name)!
  if (entry.size <= MAX_PICKLE) return readEntry(source, entry, await zip.dataOffset(entry), 0, entry.size)
  throw new EspalierError({
    code: 'file.too-large',
    message: `${zip.path} holds a "${name}" of ${entry.size} bytes.`,
    file: zip.path,
    rule: `The pickle of a checkpoint is at most ${MAX_PICKLE} bytes.`,
  })
}

/** Older archives have no `byteorder`, and are little-endian. */
async function isBigEndian(source: ByteSource, zip: ZipArchive, name: string): Promise<boolean> {
  const entry = zip.find(name)
  if (entry?.size !== 3) return false
  return latin1(readEntry(source, entry, await zip.dataOffset(entry), 0, entry.size)) === 'big'
}

/** Checks that every storage is there and whole, and says how to read it. */
async function locateStorages(
  source: ByteSource,
  zip: ZipArchive,
  root: string,
  storages: ReadonlyMap<string, TorchStorage>,
  isSwapped: boolean,
): Promise<StorageBytes> {
  const places = new Map<string, { entry: ZipEntry; start: number; elementSize: number }>()
  for (const { key, count, elementSize } of storages.values()) {
    const name = `${root}data/${key}`
    const entry = zip.find(name)
    if (!entry) throw damaged(source.path, `"${name}", the values of a tensor, is missing`)
    if (entry.size !== count * elementSize) {
      throw damaged(source.path, `"${name}" holds ${entry.size} bytes, not ${count} elements of ${elementSize} bytes`)
    }
    places.set(key, { entry, start: await zip.dataOffset(entry), elementSize })
  }
  return (key, offset, length) => {
    const { entry, start, elementSize } = places.get(key)!
    const bytes = readEntry(source, entry, start, offset, length)
    return isSwapped ? swapped(bytes, elementSize) : bytes
  }
}

function readEntry(source: ByteSource, entry: ZipEntry, start: number, offset: number, length: number): Uint8Array {
  const what = `"${entry.name}"`
  if (!entry.isStored) {
    return checked(source.path, entry, inflate(source, entry, start)).subarray(offset, offset + length)
  }
  const bytes = source.read(start + offset, length, what)
  return length === entry.size ? checked(source.path, entry, bytes) : bytes
}

function inflate(source: ByteSource, entry: ZipEntry, start: number): Uint8Array {
  const packed = source.read(start, entry.compressedSize, `"${entry.name}"`)
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) })
  } catch (cause) {
    throw damaged(source.path, `"${entry.name}" cannot be inflated (${(cause as Error).message})`)
  }
}

/** torch.serialization.set_crc32_options(False) writes 0 for the checksum. */
function checked(path: string, { name, size, crc32: sum }: ZipEntry, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== size) throw damaged(path, `"${name}" inflates to ${bytes.length} bytes, not ${size}`)
  if (sum !== 0 && crc32(bytes) !== sum) throw damaged(path, `the bytes of "${name}" do not match their checksum`)
  return bytes
}

function swapped(bytes: Uint8Array, elementSize: number): Uint8Array {
  const buffer = Buffer.from(bytes)
  if (elementSize === 2) buffer.swap16()
  if (elementSize === 4) buffer.swap32()
  if (elementSize === 8) buffer.swap64()
  return buffer
}
