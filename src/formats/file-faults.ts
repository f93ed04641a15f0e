/** Faults of the file system in the words of the product. */
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
