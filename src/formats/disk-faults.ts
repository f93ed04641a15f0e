/** Faults of writing in the words of the product. */
import { EspalierError } from '../shared/errors.ts'

/** What a failed write below `path` means to the person whose disk it is. Errors of ours pass as they are. */
export function diskFault(path: string, cause: unknown): EspalierError {
  if (cause instanceof EspalierError) return cause
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EspalierError(
      {
        code: 'disk.full',
        message: `The disk is full: ${path} cannot be written.`,
        file: path,
        hint: 'Free some space.',
      },
      { cause },
    )
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EspalierError(
    {
      code: 'disk.read-only',
      message: `${path} cannot be written: ${reason}.`,
      file: path,
      hint: 'Choose a folder that you may write to.',
    },
    { cause },
  )
}
