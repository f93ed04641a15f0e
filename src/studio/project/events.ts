/** What changed, for the other processes that have the project open. They look whenever SQLite says that it was written to. */
import type Database from 'better-sqlite3'

export type Topic = 'library' | 'recipes' | 'run' | 'run-removed'

export interface Change {
  readonly id: number
  readonly topic: Topic
  /** The run's id; null for the others. */
  readonly subject: string | null
}

export interface EventsTable {
  add(ownerId: string, topic: Topic, subject: string | null): void
  last(): number
  /** What others than `ownerId` changed after `id`, in order, each once. `complete` is false if older ones are gone. */
  since(id: number, ownerId: string): { changes: Change[]; complete: boolean }
}

/** A process that was asleep for longer than this many changes looks at everything anew. */
const kept = 5000

export function createEvents(db: Database.Database): EventsTable {
  const insert = db.prepare<[string, Topic, string | null]>(
    'INSERT INTO events (owner_id, topic, subject) VALUES (?, ?, ?)',
  )
  const prune = db.prepare<[number]>('DELETE FROM events WHERE id <= ?')
  const last = db.prepare<[], number>(`SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'`).pluck()
  const first = db.prepare<[], number | null>('SELECT min(id) FROM events').pluck()
  const since = db.prepare<[number, string], Change>(
    `SELECT max(id) AS id, topic, subject FROM events WHERE id > ? AND owner_id <> ? GROUP BY topic, subject ORDER BY 1`,
  )
  return {
    add(ownerId, topic, subject) {
      const id = Number(insert.run(ownerId, topic, subject).lastInsertRowid)
      if (id % 256 === 0) prune.run(id - kept)
    },
    last: () => last.get() ?? 0,
    since(id, ownerId) {
      const oldest = first.get() ?? null
      return { changes: since.all(id, ownerId), complete: oldest === null || oldest <= id + 1 }
    },
  }
}
