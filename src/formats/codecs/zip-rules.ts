/** What a zip file must keep to before it is read, and the words for one that does not. */
import yauzl from 'yauzl'
import { EspalierError } from '../../shared/errors.ts'
import { cutShort, damaged, fileFault } from '../file-faults.ts'

export interface ZipLimits {
  readonly maxEntries: number
  /** Largest uncompressed entry, bytes. */
  readonly maxEntrySize: number
  /** Largest sum of uncompressed entries, bytes. */
  readonly maxTotalSize: number
  /** Largest uncompressed size over compressed size, of an entry and of the archive, looked at above `ratioFloor` bytes. */
  readonly maxRatio: number
  readonly ratioFloor: number
}

const MiB = 2 ** 20
export const defaultZipLimits: ZipLimits = {
  maxEntries: 2_000_000,
  maxEntrySize: 8192 * MiB,
  maxTotalSize: 262_144 * MiB,
  maxRatio: 200,
  ratioFloor: 64 * MiB,
}

/** Refuses a name that is empty, absolute, leaves the archive or came before. */
export function checkName(path: string, name: string, names: Set<string>): void {
  const fault = name === '' ? 'empty name' : name.includes('\0') ? 'NUL in name' : yauzl.validateFileName(name)
  if (fault) {
    throw new EspalierError({
      code: 'archive.unsafe-path',
      message: `${path} holds an entry with an unsafe path: ${quoted(name)}.`,
      file: path,
      rule: 'Entry names of an archive are relative and stay inside the archive.',
      hint: 'The archive may be made to write outside its folder; get it from a source that you trust.',
    })
  }
  if (names.has(name)) throw damaged(path, `it holds two entries named ${quoted(name)}`)
  names.add(name)
}

/** Refuses sizes (bytes, of an entry or a sum) beyond a limit or a ratio. */
export function checkSize(
  path: string,
  what: string,
  size: number,
  compressedSize: number,
  maxSize: number,
  { maxRatio, ratioFloor }: ZipLimits,
): void {
  if (size > maxSize) throw bomb(path, what, `it declares ${size} bytes, more than the limit of ${maxSize}`)
  if (size > ratioFloor && size > compressedSize * maxRatio) {
    throw bomb(path, what, `it would grow from ${compressedSize} to ${size} bytes, more than ${maxRatio} times`)
  }
}

export const tooLong = (path: string, { name, size }: { name: string; size: number }): EspalierError =>
  bomb(path, `entry ${quoted(name)}`, `it inflates to more than the ${size} bytes that it declares`)

export function bomb(path: string, what: string, why: string): EspalierError {
  return new EspalierError({
    code: 'archive.bomb',
    message: `${path} is refused as a zip bomb: ${what}, ${why}.`,
    file: path,
    rule: 'An archive must not grow without measure when it is unpacked, and must be as large as it says.',
    hint: 'If you trust the file, unpack it yourself and open what it holds.',
  })
}

export function encrypted(path: string, what: string): EspalierError {
  return new EspalierError({
    code: 'file.unreadable',
    message: `${path} is encrypted (${what}).`,
    file: path,
    rule: 'Encrypted archives are not read.',
    hint: 'Unpack it with its password and open what it holds.',
  })
}

/** A fault of yauzl, zlib or the file system while `what` was read. yauzl has messages only, no codes. */
export function unreadable(path: string, cause: unknown, what: string): EspalierError {
  if (cause instanceof EspalierError || isSystemError(cause)) return fileFault(path, cause)
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
  if (/encryption/.test(reason)) return encrypted(path, 'strong encryption')
  if (/^End of central directory record signature not found/.test(reason)) {
    return cutShort(path, `${what} is not there`)
  }
  const why = `${what} cannot be read (${reason})`
  const isShort = /end of central directory|unexpected EOF|overflows file bounds|unexpected end of file/i.test(reason)
  return isShort ? cutShort(path, why) : damaged(path, why)
}

/** True for what the operating system reports; zlib and Node's own checks have codes too, but no `syscall`. */
const isSystemError = (cause: unknown): boolean => cause instanceof Error && 'syscall' in cause

/** An entry name for a message: control characters escaped. */
export const quoted = (name: string): string => JSON.stringify(name)
