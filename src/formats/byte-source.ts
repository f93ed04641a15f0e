/** Bytes by position: of a file, read when asked for, or of memory. What a reader declares is checked against `size` first. */
import { createHash } from 'node:crypto'
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { EspalierError } from '../shared/errors.ts'
import { cutShort, endsBefore, fileFault } from './file-faults.ts'

/** One system call moves at most 2 GiB. */
const ONE_READ = 2 ** 30

export interface ByteSource {
  /** What errors call it: the path, or a name for bytes in memory. */
  readonly path: string
  readonly size: number
  /** Exactly `length` bytes from `offset`. `what` names them for the error. Throws `file.truncated` before it allocates. */
  read(offset: number, length: number, what: string): Uint8Array
  /** SHA-256 of all bytes, hex. */
  hash(): Promise<string>
}

export function memorySource(bytes: Uint8Array, path: string): ByteSource {
  return {
    path,
    size: bytes.length,
    read(offset, length, what) {
      checkRange(path, bytes.length, offset, length, what)
      return bytes.subarray(offset, offset + length)
    },
    hash: async () => createHash('sha256').update(bytes).digest('hex'),
  }
}

/**
 * A file, opened anew for each read: a checkpoint stays in the library for hours, and a handle kept that long would
 * leak and, on Windows, lock the file. A file that changed in between is refused.
 */
export function fileSource(path: string): ByteSource {
  const first = withFile(path, (_, stats) => stats)
  const { size } = first
  if (!first.isFile()) {
    throw fileFault(path, Object.assign(new Error('it is not a file'), { code: first.isDirectory() ? 'EISDIR' : '' }))
  }
  return {
    path,
    size,
    read(offset, length, what) {
      checkRange(path, size, offset, length, what)
      return withFile(path, (fd, stats) => {
        if (stats.size !== size || stats.mtimeMs !== first.mtimeMs) throw changed(path)
        const bytes = new Uint8Array(length)
        for (let done = 0; done < length; ) {
          const count = readSync(fd, bytes, done, Math.min(ONE_READ, length - done), offset + done)
          if (count === 0) throw changed(path)
          done += count
        }
        return bytes
      })
    },
    async hash() {
      const sha = createHash('sha256')
      try {
        for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) sha.update(piece)
      } catch (cause) {
        throw fileFault(path, cause)
      }
      return sha.digest('hex')
    },
  }
}

function withFile<T>(path: string, work: (fd: number, stats: Stats) => T): T {
  let fd: number | undefined
  try {
    // Opening a named pipe would wait for whoever writes to it.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    return work(fd, fstatSync(fd))
  } catch (cause) {
    throw fileFault(path, cause)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function checkRange(path: string, size: number, offset: number, length: number, what: string): void {
  if (offset + length <= size) return
  throw cutShort(path, endsBefore(what, offset + length, size))
}

const changed = (path: string): EspalierError =>
  new EspalierError({
    code: 'file.corrupt',
    message: `${path} changed while it was being read.`,
    file: path,
    hint: 'Wait until nothing writes to it, then open it again.',
  })
