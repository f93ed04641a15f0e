/** Data sets and models: one row an item, told apart by the fingerprint of their content. */
import type Database from 'better-sqlite3'
import type { z } from 'zod'
import { datasetSchema, modelSchema } from '../../shared/domain.ts'
import { fromStored, toStored } from './stored.ts'

/** What is stored of an item; whether its file is still there is looked at, not stored. */
export const storedDatasetSchema = datasetSchema.omit({ missing: true })
export const storedModelSchema = modelSchema.omit({ missing: true })
export type StoredDataset = z.infer<typeof storedDatasetSchema>
export type StoredModel = z.infer<typeof storedModelSchema>

export interface LibraryTable<Item> {
  /** In the order in which they were added. */
  list(): Item[]
  byFingerprint(fingerprint: string): Item | undefined
  byPath(path: string): Item | undefined
  /** Adds the item. One of the same fingerprint keeps its id and time, and takes the new path and report. */
  put(item: Item): Item
  /** Whether there was one. */
  remove(id: string): boolean
}

interface Row {
  readonly report: string
}

function createLibraryTable<Item extends StoredDataset | StoredModel>(
  db: Database.Database,
  table: 'datasets' | 'models',
  schema: z.ZodType<Item>,
): LibraryTable<Item> {
  const all = db.prepare<[], Row>(`SELECT report FROM ${table} ORDER BY added_at, rowid`)
  const byFingerprint = db.prepare<[string], Row>(`SELECT report FROM ${table} WHERE fingerprint = ?`)
  const byPath = db.prepare<[string], Row>(`SELECT report FROM ${table} WHERE path = ? ORDER BY added_at DESC LIMIT 1`)
  const upsert = db.prepare<[string, string, string, number, string]>(
    `INSERT INTO ${table} (id, fingerprint, path, added_at, report) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (fingerprint) DO UPDATE SET path = excluded.path, report = excluded.report`,
  )
  const remove = db.prepare<[string]>(`DELETE FROM ${table} WHERE id = ?`)
  const read = (row: Row): Item => fromStored(schema, row.report, `list of ${table}`)
  const readOne = (row: Row | undefined): Item | undefined => row && read(row)
  return {
    list: () => all.all().map(read),
    byFingerprint: fingerprint => readOne(byFingerprint.get(fingerprint)),
    byPath: path => readOne(byPath.get(path)),
    put(item) {
      const known = readOne(byFingerprint.get(item.fingerprint))
      const kept = known ? { ...item, id: known.id, addedAt: known.addedAt } : item
      upsert.run(kept.id, kept.fingerprint, kept.path, kept.addedAt, toStored(kept))
      return kept
    },
    remove: id => remove.run(id).changes > 0,
  }
}

export const createDatasets = (db: Database.Database) => createLibraryTable(db, 'datasets', storedDatasetSchema)
export const createModels = (db: Database.Database) => createLibraryTable(db, 'models', storedModelSchema)
