/** The files of a tar archive, one after the other. tar-stream reads the headers; this file decides what is safe. */
import { pipeline, Readable } from 'node:stream'
import { extract, type Header } from 'tar-stream'
import { EspalierError } from '../../shared/errors.ts'
import { cutShort, damaged } from '../file-faults.ts'
import { unpackBomb } from './gunzip.ts'
import { checkName, defaultZipLimits, quoted, type ZipLimits } from './zip-rules.ts'

export interface TarFile {
  /** With forward slashes; never absolute, never with `..`. */
  readonly name: string
  readonly size: number
}

export interface TarContents {
  readonly files: readonly TarFile[]
  /** Names of those that the archive lists, without a slash at the end. */
  readonly folders: readonly string[]
  /** Links, devices and what else is no file; they are not read. */
  readonly ignored: number
}

export type TarLimits = Pick<ZipLimits, 'maxEntries' | 'maxEntrySize'>

/** Whether the first 512 bytes are a tar header: `ustar` at byte 257 (POSIX 1003.1-1988 and GNU tar). */
export const isTar = (head: Uint8Array): boolean =>
  head.length >= 512 && new TextDecoder('latin1').decode(head.subarray(257, 262)) === 'ustar'

/**
 * Hands the bytes of all files to `append`, in archive order and without gaps.
 * Throws `archive.unsafe-path`, `archive.bomb`, `file.truncated`, `file.corrupt`.
 */
export async function unpackTar(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  append: (bytes: Uint8Array) => Promise<void>,
  limits: TarLimits = defaultZipLimits,
): Promise<TarContents> {
  const files: TarFile[] = []
  const folders: string[] = []
  const names = new Set<string>()
  let ignored = 0
  const reader = extract()
  // A fault of the source reaches the loop below through the reader, so the callback has nothing to do.
  pipeline(Readable.from(bytes), reader, () => {})
  try {
    for await (const entry of reader) {
      const { type, size = 0 } = entry.header
      const name = nameOf(entry.header)
      if (type === 'directory') {
        checkName(path, name, new Set())
        if (folders.length < limits.maxEntries) folders.push(name.replace(/\/+$/, ''))
      } else checkName(path, name, names)
      if (names.size > limits.maxEntries) throw unpackBomb(path, `it has more than ${limits.maxEntries} entries`)
      if (size > limits.maxEntrySize) throw unpackBomb(path, `entry ${quoted(name)} declares ${size} bytes`)
      const isFile = type === 'file' || type === 'contiguous-file'
      if (isFile) files.push({ name, size })
      else if (type !== 'directory') ignored++
      for await (const piece of entry as AsyncIterable<Uint8Array>) if (isFile) await append(piece)
    }
  } catch (cause) {
    throw tarFault(path, cause)
  }
  if (files.length === 0 && names.size === 0) throw damaged(path, 'it holds no tar entry')
  return { files, folders, ignored }
}

/** `./a/b` and `a/b` are the same file. */
const nameOf = ({ name }: Header): string => name.replace(/^(\.\/)+(?=.)/, '')

function tarFault(path: string, cause: unknown): unknown {
  if (cause instanceof EspalierError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return /unexpected end|premature close|writable stream closed/i.test(reason)
    ? cutShort(path, 'the tar archive ends in the middle of an entry')
    : damaged(path, `the tar archive cannot be read (${reason})`)
}
