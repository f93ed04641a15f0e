/**
 * Random access to the entries of a zip file. yauzl reads the directory; this file decides what is safe to read.
 * Everything that can be refused is refused in `openZip`, from the directory alone, before a byte is inflated:
 * unsafe names, encryption, overlapping entries and bombs. Sizes the directory declares are then held to while reading.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { crc32, createInflateRaw, inflateRaw } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { EspalierError } from '../../shared/errors.ts'
import { cutShort, damaged, fileFault, unknownFormat } from '../file-faults.ts'
import { readExactly } from '../file-io.ts'
import {
  bomb,
  checkName,
  checkSize,
  defaultZipLimits,
  encrypted,
  quoted,
  tooLong,
  unreadable,
  type ZipLimits,
} from './zip-rules.ts'

export interface ZipEntry {
  /** With forward slashes; never absolute, never with `..`. */
  readonly name: string
  readonly isDirectory: boolean
  /** Uncompressed size in bytes, as the directory declares it. */
  readonly size: number
  readonly compressedSize: number
  /** True where the bytes lie in the file as they are, so that they can be sliced from `dataOffset`. */
  readonly isStored: boolean
  readonly crc32: number
}

export interface ZipArchive {
  readonly path: string
  /** Files and directories, in directory order. */
  readonly entries: readonly ZipEntry[]
  /** Undefined where the archive has no such entry. */
  find(name: string): ZipEntry | undefined
  /** The whole entry, inflated and checked against its CRC-32. Throws `file.truncated`, `file.corrupt`, `archive.bomb`. */
  read(entry: ZipEntry): Promise<Uint8Array>
  /** The same in pieces, for entries that should not lie in memory at once. The checksum is checked after the last piece. */
  chunks(entry: ZipEntry): AsyncGenerator<Uint8Array, void, undefined>
  /** Where the (possibly compressed) bytes of the entry start in the file. */
  dataOffset(entry: ZipEntry): Promise<number>
  /** Waits for reads under way. */
  close(): Promise<void>
}

const STORED = 0
const DEFLATED = 8
const LOCAL_HEADER = 30
const LOCAL_SIGNATURE = 0x04034b50
const CHUNK = 256 * 1024

type ReadDone = (error: Error | null, bytesRead: number) => void

const inflate = promisify(inflateRaw)

/** Opens a zip file, lists it and refuses it where any entry breaks a rule. */
export async function openZip(path: string, limits: Partial<ZipLimits> = {}): Promise<ZipArchive> {
  const file = await open(path, 'r').catch(cause => Promise.reject(fileFault(path, cause)))
  let size = 0
  try {
    size = (await file.stat()).size
    const head = Buffer.alloc(24)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    if (!head.toString('latin1').startsWith('PK'))
      throw unknownFormat(path, head.subarray(0, bytesRead), 'a zip archive')
    const options = { decodeStrings: false, validateEntrySizes: false, autoClose: false }
    const zip = await yauzl.fromRandomAccessReaderPromise(new BlockReader(file), size, options)
    const raw = await list(zip, path, { ...defaultZipLimits, ...limits })
    return archive(path, file, raw)
  } catch (error) {
    await file.close()
    throw unreadable(path, error, `its directory, at the end of ${size} bytes,`)
  }
}

/** Reads the directory in large blocks: yauzl asks for it in two small reads an entry, which is slow for 60,000 files. */
class BlockReader extends yauzl.RandomAccessReader {
  readonly #file: FileHandle
  readonly #block = Buffer.alloc(CHUNK)
  #start = 0
  #end = 0

  constructor(file: FileHandle) {
    super()
    this.#file = file
  }

  override read(into: Buffer, offset: number, length: number, position: number, done: ReadDone): void {
    if (position >= this.#start && position + length <= this.#end) {
      const from = position - this.#start
      this.#block.copy(into, offset, from, from + length)
      done(null, length)
      return
    }
    this.#fill(into, offset, length, position).then(
      bytesRead => done(null, bytesRead),
      error => done(error, 0),
    )
  }

  async #fill(into: Buffer, offset: number, length: number, position: number): Promise<number> {
    if (length > CHUNK) return (await this.#file.read(into, offset, length, position)).bytesRead
    this.#end = this.#start // the block holds nothing while it is being filled
    const { bytesRead } = await this.#file.read(this.#block, 0, CHUNK, position)
    this.#start = position
    this.#end = position + bytesRead
    return this.#block.copy(into, offset, 0, Math.min(length, bytesRead))
  }
}

async function list(zip: ZipFile, path: string, limits: ZipLimits): Promise<Map<ZipEntry, Entry>> {
  const raw = new Map<ZipEntry, Entry>()
  const names = new Set<string>()
  const total = { size: 0, compressed: 0 }
  for await (const found of zip.eachEntry()) {
    const entry = describe(found)
    checkName(path, entry.name, names)
    if (found.isEncrypted()) throw encrypted(path, quoted(entry.name))
    if (entry.compressedSize > zip.fileSize) throw cutShort(path, `entry ${quoted(entry.name)} is longer than the file`)
    checkSize(path, `entry ${quoted(entry.name)}`, entry.size, entry.compressedSize, limits.maxEntrySize, limits)
    total.size += entry.size
    total.compressed += entry.compressedSize
    checkSize(path, 'the archive', total.size, total.compressed, limits.maxTotalSize, limits)
    // Entries that share compressed bytes can expand a small file without end (Fifield 2019, "A better zip bomb").
    if (total.compressed > zip.fileSize) throw bomb(path, 'the archive', 'its entries overlap')
    if (raw.size >= limits.maxEntries) throw bomb(path, 'the archive', `it has more than ${limits.maxEntries} entries`)
    raw.set(entry, found)
  }
  return raw
}

function describe(found: Entry): ZipEntry {
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = found
  const name = yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false)
  return {
    name,
    isDirectory: name.endsWith('/'),
    size: found.uncompressedSize,
    compressedSize: found.compressedSize,
    isStored: found.compressionMethod === STORED,
    crc32: found.crc32,
  }
}

function archive(path: string, file: FileHandle, raw: ReadonlyMap<ZipEntry, Entry>): ZipArchive {
  const byName = new Map([...raw.keys()].map(entry => [entry.name, entry]))
  const pending = new Set<Promise<unknown>>()
  let isClosed = false

  /** Keeps the file open until `work` is done, and speaks of faults in our words. */
  async function guarded<T>(entry: ZipEntry, work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new Error(`${path} was closed`)
    const running = work()
    pending.add(running)
    try {
      return await running
    } catch (cause) {
      throw unreadable(path, cause, `entry ${quoted(entry.name)}`)
    } finally {
      pending.delete(running)
    }
  }

  async function locate(entry: ZipEntry): Promise<number> {
    const found = raw.get(entry)
    if (!found) throw new Error(`${quoted(entry.name)} is not an entry of ${path}`)
    if (found.compressionMethod !== STORED && found.compressionMethod !== DEFLATED) {
      throw new EspalierError({
        code: 'file.unreadable',
        message: `Entry ${quoted(entry.name)} of ${path} uses zip compression method ${found.compressionMethod}.`,
        file: path,
        rule: 'Entries are stored (method 0) or deflated (method 8).',
        hint: 'Pack the archive again with ordinary (deflate) compression.',
      })
    }
    if (entry.isStored && entry.size !== entry.compressedSize) {
      throw damaged(
        path,
        `stored entry ${quoted(entry.name)} declares two sizes, ${entry.size} and ${entry.compressedSize}`,
      )
    }
    const header = Buffer.from((await readBytes(found.relativeOffsetOfLocalHeader, LOCAL_HEADER)).buffer)
    if (header.readUInt32LE(0) !== LOCAL_SIGNATURE)
      throw damaged(path, `entry ${quoted(entry.name)} has no local header`)
    return found.relativeOffsetOfLocalHeader + LOCAL_HEADER + header.readUInt16LE(26) + header.readUInt16LE(28)
  }

  async function readBytes(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    await readExactly(file, path, offset, bytes)
    return bytes
  }

  async function* pieces(entry: ZipEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const start = await guarded(entry, () => locate(entry))
    for (let at = 0; at < entry.compressedSize; at += CHUNK) {
      yield await guarded(entry, () => readBytes(start + at, Math.min(CHUNK, entry.compressedSize - at)))
    }
  }

  async function* chunks(entry: ZipEntry): AsyncGenerator<Uint8Array, void, undefined> {
    let size = 0
    let sum = 0
    try {
      for await (const piece of entry.isStored ? pieces(entry) : inflated(pieces(entry))) {
        size += piece.length
        if (size > entry.size) throw tooLong(path, entry)
        sum = crc32(piece, sum)
        yield piece
      }
    } catch (cause) {
      throw unreadable(path, cause, `entry ${quoted(entry.name)}`)
    }
    checkContent(path, entry, size, sum)
  }

  return {
    path,
    entries: [...raw.keys()],
    find: name => byName.get(name),
    chunks,
    dataOffset: entry => guarded(entry, () => locate(entry)),
    read: entry =>
      guarded(entry, async () => {
        const packed = await readBytes(await locate(entry), entry.compressedSize)
        const bytes = entry.isStored ? packed : await inflateWhole(path, entry, packed)
        checkContent(path, entry, bytes.length, crc32(bytes))
        return bytes
      }),
    async close() {
      if (isClosed) return
      isClosed = true
      await Promise.allSettled(pending)
      await file.close()
    },
  }
}

/** Inflates piece by piece; a fault in the source and a consumer that leaves early both end the whole chain. */
function inflated(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(source), createInflateRaw(), () => {
    // the consumer sees the fault as a throw of its iteration
  })
}

async function inflateWhole(path: string, entry: ZipEntry, packed: Uint8Array): Promise<Uint8Array> {
  try {
    const bytes = await inflate(packed, { maxOutputLength: Math.max(1, entry.size) })
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(path, entry)
    throw cause
  }
}

function checkContent(path: string, entry: ZipEntry, size: number, sum: number): void {
  if (size > entry.size) throw tooLong(path, entry)
  if (size < entry.size)
    throw damaged(path, `entry ${quoted(entry.name)} has ${size} bytes where ${entry.size} are declared`)
  if (sum !== entry.crc32) throw damaged(path, `the bytes of entry ${quoted(entry.name)} do not match their checksum`)
}
