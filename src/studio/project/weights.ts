/** Models after stages: model files as blobs, addressed by the SHA-256 of their bytes. */
import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'

export interface WeightsTable {
  /** The same bytes twice are kept once. Returns their SHA-256; one that is known already is not computed again. */
  put(bytes: Buffer, known?: string): string
  get(sha256: string): Buffer | undefined
  /** Removes what no stage refers to any more. */
  removeUnused(): void
}

export function createWeights(db: Database.Database): WeightsTable {
  const insert = db.prepare<[string, Buffer]>(
    'INSERT INTO weights (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  const select = db.prepare<[string], Buffer>('SELECT bytes FROM weights WHERE sha256 = ?').pluck()
  const removeUnused = db.prepare(
    'DELETE FROM weights WHERE sha256 NOT IN (SELECT weights FROM stages WHERE weights IS NOT NULL)',
  )
  return {
    put(bytes, known) {
      const sha256 = known ?? createHash('sha256').update(bytes).digest('hex')
      insert.run(sha256, bytes)
      return sha256
    },
    get: sha256 => select.get(sha256),
    removeUnused: () => void removeUnused.run(),
  }
}
