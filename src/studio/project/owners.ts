/** The processes that work in a project, so that the runs of one that died can be told from those that go on. */
import type Database from 'better-sqlite3'

export interface Owner {
  readonly id: string
  /** desktop, browser or terminal. */
  readonly host: string
  /** Names the machine and its current start, so that process ids of another one are not mistaken for ours. */
  readonly machine: string
  readonly pid: number
  /** When the operating system started the process, in its own words; null where it cannot be asked. */
  readonly processStarted: string | null
  readonly openedAt: number
  readonly heardAt: number
  readonly closedAt: number | null
}

export interface OwnersTable {
  add(owner: Omit<Owner, 'closedAt' | 'heardAt'>): void
  get(id: string): Owner | undefined
  /** Those with queued or running runs. */
  withUnfinishedRuns(): Owner[]
  heartbeat(id: string, at: number): void
  /** One that never had a run is forgotten. */
  close(id: string, at: number): void
}

const columns = `id, host, machine, pid, process_started AS processStarted, opened_at AS openedAt, heard_at AS heardAt,
  closed_at AS closedAt`

export function createOwners(db: Database.Database): OwnersTable {
  const insert = db.prepare<[string, string, string, number, string | null, number, number]>(
    `INSERT INTO owners (id, host, machine, pid, process_started, opened_at, heard_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const one = db.prepare<[string], Owner>(`SELECT ${columns} FROM owners WHERE id = ?`)
  const unfinished = db.prepare<[], Owner>(
    `SELECT ${columns} FROM owners WHERE id IN (SELECT owner_id FROM runs WHERE state IN ('queued', 'running'))`,
  )
  const heartbeat = db.prepare<[number, string]>('UPDATE owners SET heard_at = ? WHERE id = ?')
  const forget = db.prepare<[string]>('DELETE FROM owners WHERE id = ? AND id NOT IN (SELECT owner_id FROM runs)')
  const close = db.prepare<[number, string]>('UPDATE owners SET closed_at = ? WHERE id = ?')
  return {
    add: ({ id, host, machine, pid, processStarted, openedAt }) =>
      void insert.run(id, host, machine, pid, processStarted, openedAt, openedAt),
    get: id => one.get(id),
    withUnfinishedRuns: () => unfinished.all(),
    heartbeat: (id, at) => void heartbeat.run(at, id),
    close(id, at) {
      if (forget.run(id).changes === 0) close.run(at, id)
    },
  }
}
