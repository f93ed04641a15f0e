/** Faults of input files in the words of the product. */
import { EspalierError } from '../shared/errors.ts'

/** What a failed open or read of an input file means to the person who named it. Errors of ours pass as they are. */
export function fileFault(path: string, cause: unknown): EspalierError {
  if (cause instanceof EspalierError) return cause
  const { code } = cause as NodeJS.ErrnoException
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EspalierError({ code: 'file.missing', message: `There is no file ${path}.`, file: path }, { cause })
  }
  const why = code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' || code === 'EPERM' ? 'access is denied' : reason
  return new EspalierError(
    { code: 'file.unreadable', message: `${path} cannot be read: ${why}.`, file: path },
    { cause },
  )
}

/** A file whose content no reader knows. `expected` names what would have been read (`a PyTorch or safetensors file`). */
export function unknownFormat(path: string, head: Uint8Array, expected: string): EspalierError {
  return new EspalierError({
    code: 'file.unknown-format',
    message: `${path} is not ${expected}: it ${looksLike(head)}.`,
    file: path,
    rule: 'Files are told by their content, not by their name.',
    ...(isPointer(head) && { hint: 'The real file was not downloaded; run `git lfs pull` where it came from.' }),
  })
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const startsWith = (head: Uint8Array, text: string): boolean => latin1(head.subarray(0, text.length)) === text
const isPointer = (head: Uint8Array): boolean => startsWith(head, 'version https://git-lfs')

/** Signatures of files that people drop by mistake; bytes are written as Latin-1. */
const signatures: readonly (readonly [start: string, name: string])[] = [
  ['PK\x03\x04', 'a zip archive'],
  ['PK\x05\x06', 'an empty zip archive'],
  ['\x1f\x8b', 'gzip data'],
  ['\x89HDF\r\n\x1a\n', 'an HDF5 file'],
  ['\x89PNG\r\n\x1a\n', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['%PDF-', 'a PDF document'],
  ['\x7fELF', 'a Linux program'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['\x93NUMPY', 'a NumPy array'],
]

/** What the first bytes say about a file, to stand after "it": `starts like a PNG image (89 50 4e 47 ...)`. */
export function looksLike(head: Uint8Array): string {
  if (head.length === 0) return 'is empty'
  if (isPointer(head)) return 'is only a Git LFS pointer'
  const known = signatures.find(([start]) => startsWith(head, start))
  const bytes = head.subarray(0, 8)
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(' ')
  if (known) return `starts like ${known[1]} (${hex})`
  const text = latin1(head.subarray(0, 24))
  if (/^[\t\n\r\x20-\x7e]+$/.test(text)) return `starts like text (${JSON.stringify(text)})`
  return `starts with the bytes ${hex}`
}

const copyAgain = 'The file may be incomplete or damaged; copy or download it again.'

/** A file whose content contradicts itself or its format; `why` is a clause. */
export const damaged = (path: string, why: string): EspalierError =>
  new EspalierError({ code: 'file.corrupt', message: `${path} is damaged: ${why}.`, file: path, hint: copyAgain })

/** A file that ends too early; `why` is a clause. */
export const cutShort = (path: string, why: string): EspalierError =>
  new EspalierError({ code: 'file.truncated', message: `${path} is cut short: ${why}.`, file: path, hint: copyAgain })

/** The clause for `what`, which should end at byte `end` of a file of `size` bytes. */
export const endsBefore = (what: string, end: number, size: number): string =>
  `${what} should end at byte ${end}, but the file ends at byte ${size}`
