/**
 * The SQLite file of a project: opening with all its checks, versions, and closing back into one file.
 * The write-ahead log is in use only while the project is open, so that a closed project is one file that can be
 * copied, mailed and opened from a read-only place.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, rmSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, extname } from 'node:path'
import Database from 'better-sqlite3'
import { EspalierError } from '../../shared/errors.ts'
import { corrupt, notAProject, projectFault, readOnly, withFaults } from './faults.ts'
import { migrations as allMigrations, type Migration } from './migrations.ts'

/** "ESPA" in ASCII; tells a project from other SQLite files. */
export const applicationId = 0x45535041

const magic = 'SQLite format 3\0'
const busyTimeoutMs = 5000
/** Bytes of a file name, on nearly every file system. */
const longestName = 255

export interface OpenOptions {
  /** Nothing is written; the file must exist and be of this version. */
  readonly readOnly?: boolean
  readonly migrations?: readonly Migration[]
}

/**
 * Opens the project at `path`, or makes it, and brings it to the newest version after copying it aside.
 * Throws `project.not-a-project`, `project.newer`, `project.older` (for reading only), `project.corrupt`, `project.locked`,
 * `disk.read-only`, `disk.full`, `file.missing`.
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database.Database {
  const migrations = options.migrations ?? allMigrations
  const wasThere = existsSync(path)
  const isNew = !checkFile(path, options.readOnly ?? false)
  return withFaults(path, () => {
    const db = new Database(path, { readonly: options.readOnly ?? false, timeout: busyTimeoutMs })
    try {
      db.pragma('foreign_keys = ON')
      checkVersion(db, path, migrations)
      if (options.readOnly) return db
      migrate(db, path, migrations, isNew)
      if (!isOnNetwork(path)) retryWhileBusy(() => db.pragma('journal_mode = WAL'))
      return db
    } catch (thrown) {
      db.close()
      if (!wasThere) removeEmpty(path)
      throw thrown
    }
  })
}

/** What SQLite leaves of a file that it could make but not fill, on a full disk. */
function removeEmpty(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path, { force: true })
}

/** Folds the write-ahead log back, unless another process has the project open, and closes. */
export function closeDatabase(db: Database.Database): void {
  if (!db.open) return
  try {
    if (!db.readonly) {
      db.pragma('busy_timeout = 0')
      db.pragma('wal_checkpoint(TRUNCATE)')
      db.pragma('journal_mode = DELETE')
    }
  } catch {
    // Another process has it open (it will fold the log back), or the disk is full (the log is kept and read next time).
  } finally {
    db.close()
  }
}

/** Refuses what is there and not ours before SQLite touches it. Returns whether the file exists and has content. */
function checkFile(path: string, mustExist: boolean): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) {
    const folder = dirname(path)
    if (mustExist || !existsSync(folder)) {
      const message = mustExist ? `There is no project ${path}.` : `There is no folder ${folder} to put ${path} in.`
      throw new EspalierError({ code: 'file.missing', message, file: path })
    }
    if (!isWritable(folder)) throw new EspalierError(readOnly(path))
    if (Buffer.byteLength(`${basename(path)}-journal`) > longestName) {
      throw new EspalierError({
        code: 'argument.invalid',
        message: `${path} is too long a name for a project.`,
        file: path,
        rule: `A name has at most ${longestName - '-journal'.length} bytes: SQLite puts "-journal" behind it.`,
      })
    }
    return false
  }
  if (!found.isFile()) {
    throw new EspalierError(notAProject(path, found.isDirectory() ? 'it is a folder' : 'it is not a file'))
  }
  // SQLite would only open such a file for reading, and say so at the first write.
  if (!mustExist && !(isWritable(path) && isWritable(dirname(path)))) throw new EspalierError(readOnly(path))
  if (found.size === 0) {
    if (mustExist) throw new EspalierError(notAProject(path, 'it is empty'))
    return false
  }
  const head = readHead(path)
  if (head.toString('latin1', 0, magic.length) !== magic) {
    throw new EspalierError(notAProject(path, 'it is not an SQLite file'))
  }
  if (head.length < 100) throw new EspalierError(corrupt(path, 'it ends within its first page'))
  return true
}

function readHead(path: string): Buffer {
  const head = Buffer.alloc(100)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EspalierError({ code: 'file.unreadable', message: `${path} cannot be read: ${reason}.`, file: path })
  }
  try {
    return head.subarray(0, readSync(file, head, 0, head.length, 0))
  } finally {
    closeSync(file)
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const versionOf = (db: Database.Database) => db.pragma('user_version', { simple: true }) as number
const isEmpty = (db: Database.Database) => db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined

function checkVersion(db: Database.Database, path: string, migrations: readonly Migration[]): void {
  const id = db.pragma('application_id', { simple: true })
  if (id !== applicationId && !(id === 0 && isEmpty(db))) {
    throw new EspalierError(notAProject(path, 'it is the SQLite file of another program'))
  }
  const version = versionOf(db)
  const newest = migrations.at(-1)?.version ?? 0
  if (version > newest) {
    throw new EspalierError({
      code: 'project.newer',
      message: `${path} was written by a newer Espalier: it has file version ${version}, and this one reads up to ${newest}.`,
      file: path,
      hint: 'Update Espalier. The file was left as it is.',
    })
  }
  if (db.readonly && version < newest) {
    throw new EspalierError({
      code: 'project.older',
      message: `${path} has the older file version ${version}, and what only reads it needs version ${newest}.`,
      file: path,
      hint: `Open it once with espalier serve --project ${JSON.stringify(path)}: that brings it to version ${newest}${version > 0 ? ` and keeps a copy of version ${version} beside it` : ''}. Where it cannot be written to, copy it first.`,
    })
  }
}

/**
 * All missing versions in one transaction: another process sees the file before or after it, and never copies aside what is
 * half made. One that does the same at the same time finds it done.
 */
function migrate(db: Database.Database, path: string, migrations: readonly Migration[], isNew: boolean): void {
  const newest = migrations.at(-1)?.version ?? 0
  if (versionOf(db) === newest) return
  if (!isNew && versionOf(db) > 0) copyAside(db, path)
  // A migration may rebuild a table that others refer to; the references are checked before the commit.
  db.pragma('foreign_keys = OFF')
  const run = db.transaction(() => {
    for (const { version, sql } of migrations) {
      if (versionOf(db) >= version) continue
      db.exec(sql)
      db.pragma(`user_version = ${version}`)
    }
    const broken = db.pragma('foreign_key_check') as unknown[]
    if (broken.length > 0) throw new EspalierError(corrupt(path, `${broken.length} references lead nowhere`))
    db.pragma(`application_id = ${applicationId}`)
  })
  run.immediate()
  db.pragma('foreign_keys = ON')
}

/** `name.version-1.espalier` beside the project; a copy that is there already is not touched. */
function copyAside(db: Database.Database, path: string): void {
  const ending = extname(path)
  const stem = `${path.slice(0, path.length - ending.length)}.version-${versionOf(db)}`
  let copy = `${stem}${ending}`
  for (let n = 2; existsSync(copy); n++) copy = `${stem}-${n}${ending}`
  db.prepare('VACUUM INTO ?').run(copy)
}

/** NFS, SMB and CIFS: a write-ahead log needs shared memory, which these do not give to two machines. */
const networkFileSystems = new Set([0x6969, 0x517b, 0xfe534d42, 0xff534d42])

function isOnNetwork(path: string): boolean {
  return process.platform === 'linux' && networkFileSystems.has(statfsSync(path).type >>> 0)
}

/** Switching to the write-ahead log does not wait for other processes by itself. */
function retryWhileBusy(work: () => void): void {
  const until = Date.now() + busyTimeoutMs
  for (;;) {
    try {
      work()
      return
    } catch (thrown) {
      const isBusy = thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY')
      if (!isBusy || Date.now() > until) throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** Whether SQLite finds the whole file sound. Reads all of it. */
export function checkSoundness(db: Database.Database, path: string): void {
  try {
    const found = db.pragma('quick_check(1)', { simple: true })
    if (found !== 'ok') throw new EspalierError(corrupt(path, String(found)))
  } catch (thrown) {
    throw projectFault(path, thrown)
  }
}
