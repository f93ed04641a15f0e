/** Faults of the project file in the words of the product. */
import Database from 'better-sqlite3'
import { type ErrorData, EspalierError } from '../../shared/errors.ts'

/** What each kind of SQLite failure means to a person; the longest prefix of SQLite's code decides. */
const meanings: Record<string, (path: string, reason: string) => ErrorData> = {
  SQLITE_FULL: path => ({
    code: 'disk.full',
    message: `The disk that holds ${path} is full.`,
    file: path,
    hint: 'What was saved before is kept. Free some space and start the run again.',
  }),
  SQLITE_READONLY: path => readOnly(path),
  SQLITE_PERM: path => readOnly(path),
  SQLITE_BUSY: path => locked(path),
  SQLITE_LOCKED: path => locked(path),
  SQLITE_CORRUPT: (path, reason) => corrupt(path, reason),
  SQLITE_NOTADB: path => notAProject(path, 'it is not an SQLite file'),
  SQLITE_TOOBIG: path => ({
    code: 'file.too-large',
    message: `${path} cannot hold a model of more than 1 GB.`,
    file: path,
  }),
  SQLITE_IOERR: (path, reason) => ({
    code: 'file.unreadable',
    message: `The disk that holds ${path} failed: ${reason}.`,
    file: path,
  }),
  SQLITE_CANTOPEN: (path, reason) => ({
    code: 'file.unreadable',
    message: `${path} cannot be opened: ${reason}.`,
    file: path,
  }),
}

export const readOnly = (path: string): ErrorData => ({
  code: 'disk.read-only',
  message: `${path} cannot be written to.`,
  file: path,
  rule: 'A project and its folder must be writable.',
  hint: 'Choose another place with --project, or change the permissions.',
})

const locked = (path: string): ErrorData => ({
  code: 'project.locked',
  message: `${path} is being written by another process and stayed locked.`,
  file: path,
  hint: 'Try again in a moment.',
})

export const corrupt = (path: string, reason: string): ErrorData => ({
  code: 'project.corrupt',
  message: `${path} is damaged: ${reason}.`,
  file: path,
  hint: 'Go back to a copy; copies are made beside the file before each change of its version.',
})

export const notAProject = (path: string, reason: string): ErrorData => ({
  code: 'project.not-a-project',
  message: `${path} is not an Espalier project: ${reason}.`,
  file: path,
  rule: 'A project is a file that Espalier made.',
})

/** An error of SQLite as one of ours; any other value as it is. */
export function projectFault(path: string, thrown: unknown): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown
  const prefix = Object.keys(meanings).find(start => thrown.code.startsWith(start))
  if (!prefix) return thrown
  return new EspalierError(meanings[prefix]!(path, thrown.message), { cause: thrown })
}

/** Runs `work` on the project at `path`; what SQLite throws comes out in our words. */
export function withFaults<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw projectFault(path, thrown)
  }
}
