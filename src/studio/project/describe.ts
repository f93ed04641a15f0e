import Database from 'better-sqlite3'

/** The version of SQLite, asked of a database in memory that is written and read. */
export function describeDatabase(): string {
  const db = new Database(':memory:')
  try {
    db.exec('CREATE TABLE proof (value INTEGER) STRICT; INSERT INTO proof VALUES (1)')
    return db.prepare<[], string>('SELECT sqlite_version() FROM proof').pluck().get()!
  } finally {
    db.close()
  }
}
