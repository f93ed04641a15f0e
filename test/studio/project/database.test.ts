import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { EspalierError } from '../../../src/shared/errors.ts'
import { applicationId, closeDatabase, openDatabase } from '../../../src/studio/project/database.ts'
import { migrations } from '../../../src/studio/project/migrations.ts'
import { openProject } from '../../../src/studio/project/project.ts'
import { temporaryFolder } from '../../temporary.ts'
import { addOwner, addRun, exampleDataset } from './examples.ts'

function refusal(work: () => unknown): EspalierError {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof EspalierError) return thrown
    throw thrown
  }
  throw new Error('nothing was refused')
}

describe('a project file', () => {
  it('is made with our application id and the newest version, both in the header of the main file', () => {
    const path = join(temporaryFolder(), 'new.espalier')
    const db = openDatabase(path)
    const header = readFileSync(path)
    expect(header.readUInt32BE(68)).toBe(applicationId)
    expect(header.readUInt32BE(60)).toBe(migrations.at(-1)!.version)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1)
    closeDatabase(db)
  })

  it('is one file after closing', () => {
    const folder = temporaryFolder()
    const project = openProject(join(folder, 'one.espalier'))
    addRun(project, addOwner(project))
    expect(readdirSync(folder).length).toBeGreaterThan(1)
    project.close()
    expect(readdirSync(folder)).toEqual(['one.espalier'])
  })

  it('is one file after the last of two processes closed it, whichever that is', () => {
    const folder = temporaryFolder()
    const first = openProject(join(folder, 'two.espalier'))
    const second = openProject(join(folder, 'two.espalier'))
    addOwner(first, { id: 'from-first' })
    first.close()
    expect(second.owners.get('from-first')).toBeDefined()
    addOwner(second, { id: 'from-second' })
    second.close()
    expect(readdirSync(folder)).toEqual(['two.espalier'])
    const again = openProject(join(folder, 'two.espalier'))
    expect(again.owners.get('from-second')).toBeDefined()
    again.close()
  })

  it('opens for reading only, and from a copy, once closed', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'read.espalier')
    const project = openProject(path)
    const { id } = addRun(project, addOwner(project))
    project.close()
    const reader = openProject(path, { readOnly: true })
    expect(reader.runs.get(id)?.summary.name).toBe('Half')
    expect(refusal(() => addOwner(reader)).code).toBe('disk.read-only')
    reader.close()
    expect(readdirSync(folder)).toEqual(['read.espalier'])
  })
})

describe('what is not a project is refused and left as it is', () => {
  const cases: readonly (readonly [name: string, code: string, words: RegExp, make: (path: string) => void])[] = [
    ['a text file', 'project.not-a-project', /not an SQLite file/, path => writeFileSync(path, 'hello')],
    ['a folder', 'project.not-a-project', /folder/, path => mkdirSync(path)],
    [
      'the database of another program',
      'project.not-a-project',
      /another program/,
      path => new Database(path).exec('CREATE TABLE notes (text)').close(),
    ],
    [
      'a database with another application id',
      'project.not-a-project',
      /another program/,
      path => {
        const db = new Database(path)
        db.pragma('application_id = 1234')
        db.pragma('user_version = 1')
        db.close()
      },
    ],
    [
      'a project of a newer version',
      'project.newer',
      /file version 7, and this one reads up to/,
      path => {
        closeDatabase(openDatabase(path))
        const db = new Database(path)
        db.pragma('user_version = 7')
        db.close()
      },
    ],
    [
      'a project that was cut in the middle',
      'project.corrupt',
      /damaged/,
      path => {
        closeDatabase(openDatabase(path))
        truncateSync(path, 8192)
      },
    ],
    [
      'a project that was cut within its header',
      'project.corrupt',
      /first page/,
      path => {
        closeDatabase(openDatabase(path))
        truncateSync(path, 50)
      },
    ],
    [
      'a project whose first page was overwritten',
      'project.corrupt',
      /damaged/,
      path => {
        closeDatabase(openDatabase(path))
        const bytes = readFileSync(path)
        bytes.fill(0xff, 100, 4096)
        writeFileSync(path, bytes)
      },
    ],
  ]
  it.each(cases)('%s: %s', (_, code, words, make) => {
    const folder = temporaryFolder()
    const path = join(folder, 'bad.espalier')
    make(path)
    const before =
      existsSync(path) && !readdirSync(folder, { withFileTypes: true })[0]!.isDirectory() && readFileSync(path)
    const error = refusal(() => openProject(path))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(words)
    expect(error.message).toContain(path)
    if (before) expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(folder)).toEqual([basename(path)])
  })

  it('a folder that is not there: no file is made', () => {
    const path = join(temporaryFolder(), 'nowhere', 'x.espalier')
    expect(refusal(() => openProject(path)).code).toBe('file.missing')
    expect(existsSync(path)).toBe(false)
  })

  it('a name that SQLite could not put an ending behind: no file is made', () => {
    const folder = temporaryFolder()
    const path = join(folder, `x${'ü'.repeat(119)}.espalier`)
    const error = refusal(() => openProject(path))
    expect([error.code, error.file, error.rule]).toEqual([
      'argument.invalid',
      path,
      'A name has at most 247 bytes: SQLite puts "-journal" behind it.',
    ])
    expect(readdirSync(folder)).toEqual([])
    openProject(join(folder, `${'ü'.repeat(119)}.espalier`)).close()
  })

  it('a missing file opened for reading', () => {
    const path = join(temporaryFolder(), 'x.espalier')
    expect(refusal(() => openProject(path, { readOnly: true })).code).toBe('file.missing')
    expect(existsSync(path)).toBe(false)
  })
})

describe('migrations', () => {
  const newest = migrations.length
  const next = { version: newest + 1, sql: 'ALTER TABLE runs ADD COLUMN color TEXT' }

  it('002: runs and stages of the first version are kept, may be paused, and numbers are not given again', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'first.espalier')
    const first = openDatabase(path, { migrations: migrations.slice(0, 1) })
    first.exec(`
      INSERT INTO owners VALUES ('o', 'terminal', 'm', 1, NULL, 1, 1, NULL);
      INSERT INTO runs (id, owner_id, name, seed, state, again, recipe, created_at)
        VALUES ('a', 'o', 'A', 7, 'running', 0, '{}', 1), ('b', 'o', 'B', 8, 'finished', 0, '{}', 2);
      INSERT INTO stages (run_id, position, use, state) VALUES ('a', 0, 'evaluate', 'running');
      INSERT INTO metrics (run_id, stage, name, step, value) VALUES ('a', 0, 'loss', 1, 2.5);
      DELETE FROM runs WHERE id = 'b';
    `)
    closeDatabase(first)
    const db = openDatabase(path, { migrations: migrations.slice(0, 2) })
    expect(db.prepare('SELECT number, id, seed, state FROM runs').all()).toEqual([
      { number: 1, id: 'a', seed: 7, state: 'running' },
    ])
    db.exec(`UPDATE runs SET state = 'paused'; UPDATE stages SET state = 'paused'`)
    db.exec(`INSERT INTO runs (id, owner_id, name, seed, state, again, recipe, created_at)
      VALUES ('c', 'o', 'C', 9, 'queued', 0, '{}', 3)`)
    expect(db.prepare(`SELECT number FROM runs WHERE id = 'c'`).pluck().get()).toBe(3)
    db.exec(`DELETE FROM runs WHERE id = 'a'`)
    expect(db.prepare('SELECT (SELECT count(*) FROM stages) + (SELECT count(*) FROM metrics)').pluck().get()).toBe(0)
    closeDatabase(db)
  })

  it('004: a project without reports of federations takes them, and they go with their run', () => {
    const path = join(temporaryFolder(), 'third.espalier')
    const third = openDatabase(path, { migrations: migrations.slice(0, 3) })
    third.exec(`
      INSERT INTO owners VALUES ('o', 'terminal', 'm', 1, NULL, 1, 1, NULL);
      INSERT INTO runs (id, owner_id, name, seed, state, again, recipe, created_at)
        VALUES ('a', 'o', 'A', 7, 'stopped', 0, '{}', 1);
      INSERT INTO norm_statistics (run_id, stage, step, layers) VALUES ('a', 0, 1, '[]');
    `)
    closeDatabase(third)
    const db = openDatabase(path, { migrations: migrations.slice(0, 4) })
    expect(db.prepare('SELECT count(*) FROM norm_statistics').pluck().get()).toBe(1)
    db.exec(`INSERT INTO federation_reports (run_id, stage, step, report) VALUES ('a', 0, 1, '{}')`)
    expect(() =>
      db.exec(`INSERT INTO federation_reports (run_id, stage, step, report) VALUES ('b', 0, 1, '{}')`),
    ).toThrow(/FOREIGN KEY/)
    db.exec(`DELETE FROM runs WHERE id = 'a'`)
    expect(db.prepare('SELECT count(*) FROM federation_reports').pluck().get()).toBe(0)
    closeDatabase(db)
  })

  it('005: a run that another tried knows which, by its log, and no longer once that is removed', () => {
    const path = join(temporaryFolder(), 'fourth.espalier')
    const fourth = openDatabase(path, { migrations: migrations.slice(0, 4) })
    const tried = (number: number) => `Tried by run ${number}, which looks for the highest sparsity at its accuracy.`
    fourth.exec(`
      INSERT INTO owners VALUES ('o', 'terminal', 'm', 1, NULL, 1, 1, NULL);
      INSERT INTO runs (number, id, owner_id, name, seed, state, again, recipe, created_at) VALUES
        (1, 'other', 'o', 'A', 7, 'finished', 0, '{}', 1), (12, 'search', 'o', 'A', 7, 'finished', 0, '{}', 1),
        (13, 'kept', 'o', 'A · tried 50 %', 7, 'finished', 0, '{}', 1),
        (14, 'of one that is gone', 'o', 'A', 7, 'finished', 0, '{}', 1);
      INSERT INTO log (run_id, at, text) VALUES
        ('other', 1, 'Tried by run 12 in vain'), ('kept', 1, 'Reading'), ('kept', 2, '${tried(12)}'),
        ('of one that is gone', 1, '${tried(9)}');
    `)
    closeDatabase(fourth)
    const db = openDatabase(path, { migrations: migrations.slice(0, 5) })
    const found = () => db.prepare('SELECT id, tried_by FROM runs WHERE tried_by IS NOT NULL').raw().all()
    expect(found()).toEqual([['kept', 'search']])
    db.exec(`DELETE FROM runs WHERE id = 'search'`)
    expect(found()).toEqual([])
    expect(db.prepare(`SELECT name FROM runs WHERE id = 'kept'`).pluck().get()).toBe('A · tried 50 %')
    closeDatabase(db)
  })

  it('go up one by one, after a copy of the old version was put beside the file', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'old.espalier')
    const project = openProject(path)
    const { id } = addRun(project, addOwner(project))
    project.close()
    const db = openDatabase(path, { migrations: [...migrations, next] })
    expect(db.pragma('user_version', { simple: true })).toBe(newest + 1)
    expect(db.prepare('SELECT color FROM runs WHERE id = ?').get(id)).toEqual({ color: null })
    closeDatabase(db)
    expect(readdirSync(folder).sort()).toEqual(['old.espalier', `old.version-${newest}.espalier`])
    const copy = openProject(join(folder, `old.version-${newest}.espalier`))
    expect(copy.runs.get(id)).toBeDefined()
    copy.close()
  })

  it('leave the file as it was when one fails', () => {
    const path = join(temporaryFolder(), 'fails.espalier')
    closeDatabase(openDatabase(path))
    const broken = { version: newest + 2, sql: 'CREATE TABLE half (x) STRICT; SELECT nonsense FROM nowhere' }
    expect(() => openDatabase(path, { migrations: [...migrations, next, broken] })).toThrow()
    const db = new Database(path)
    expect(db.pragma('user_version', { simple: true })).toBe(newest)
    expect(db.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'`).get()).toEqual({ n: 0 })
    db.close()
  })

  it('are numbered from 1 without gaps', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1))
  })

  it('an older version is not opened for reading only', () => {
    const path = join(temporaryFolder(), 'older.espalier')
    closeDatabase(openDatabase(path))
    const options = { readOnly: true, migrations: [...migrations, next] }
    const { code, message } = refusal(() => openDatabase(path, options))
    expect(code).toBe('project.older')
    expect(message).toMatch(`older file version ${newest}, and what only reads it needs version ${newest + 1}.`)
  })
})

describe('a disk that refuses', () => {
  it('full: the transaction is undone, the sentence says so, the file stays sound', () => {
    const path = join(temporaryFolder(), 'full.espalier')
    const project = openProject(path)
    const owner = addOwner(project)
    // SQLite itself refuses to grow past this, with the very code a full disk gives.
    const limit = new Database(path)
    const pages = limit.pragma('page_count', { simple: true }) as number
    limit.close()
    project.close()
    const small = openDatabase(path)
    small.pragma(`max_page_count = ${pages + 8}`)
    const insert = small.prepare('INSERT INTO weights VALUES (?, ?)')
    expect(() => small.transaction(() => insert.run('x', Buffer.alloc(1 << 20)))()).toThrow(/full/)
    closeDatabase(small)
    const after = openProject(path)
    expect(after.owners.get(owner)).toBeDefined()
    expect(after.weights.get('x')).toBeUndefined()
    after.checkSoundness()
    after.close()
  })

  it.skipIf(!canMount())('full, for real: a file system of 1 MiB', () => {
    const folder = temporaryFolder()
    const result = inMount(
      folder,
      `
      import { openProject } from ${JSON.stringify(sourceUrl('project.ts'))}
      const project = openProject(${JSON.stringify(join(folder, 'x.espalier'))})
      try {
        project.write(() => project.weights.put(Buffer.alloc(4 << 20, 7)))
        console.log('written')
      } catch (error) {
        console.log(error.code, error.message)
      }
      project.checkSoundness()
      project.close()
      `,
    )
    expect(result).toMatch(/^disk\.full The disk that holds .* is full\.$/m)
  })

  it.skipIf(!canMount())('full before anything could be written, for real: no empty file is left', () => {
    const folder = temporaryFolder()
    const result = inMount(
      folder,
      `
      import { readdirSync, writeFileSync } from 'node:fs'
      import { openProject } from ${JSON.stringify(sourceUrl('project.ts'))}
      try { writeFileSync(${JSON.stringify(join(folder, 'filler'))}, Buffer.alloc(2 << 20)) } catch {}
      try { openProject(${JSON.stringify(join(folder, 'x.espalier'))}) } catch (error) { console.log(error.code) }
      console.log(readdirSync(${JSON.stringify(folder)}).join())
      `,
    )
    expect(result).toBe('disk.full\nfiller\n')
  })

  it.skipIf(process.getuid?.() !== 0)('read-only, for real: another user, who may not write there', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'locked.espalier')
    closeDatabase(openDatabase(path))
    chmodSync(folder, 0o755)
    chmodSync(path, 0o644)
    for (const target of [path, join(folder, 'new.espalier')]) {
      const script = `
        import { openProject } from ${JSON.stringify(sourceUrl('project.ts'))}
        process.setgid(65534); process.setuid(65534)
        try { openProject(${JSON.stringify(target)}); console.log('opened') }
        catch (error) { console.log(error.code, error.message) }`
      const output = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
        encoding: 'utf8',
      })
      expect(output.trim()).toBe(`disk.read-only ${target} cannot be written to.`)
    }
    expect(readdirSync(folder)).toEqual(['locked.espalier'])
  })
})

describe('several processes', () => {
  it('may make and write the same project at the same time', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'shared.espalier')
    const script = (n: number) => `
      import { openProject } from ${JSON.stringify(sourceUrl('project.ts'))}
      const project = openProject(${JSON.stringify(path)})
      const id = 'owner-${n}'
      project.write(() => project.owners.add({ id, host: 'terminal', machine: 'm', pid: 1, processStarted: null, openedAt: 1 }))
      for (let i = 0; i < 40; i++) project.write(() => project.events.add(id, 'run', String(i)))
      project.close()`
    const codes = await Promise.all([0, 1, 2].map(n => exitOf(script(n))))
    expect(codes).toEqual([0, 0, 0])
    expect(readdirSync(folder)).toEqual(['shared.espalier'])
    const db = new Database(path)
    expect(db.prepare('SELECT owner_id, count(*) AS n FROM events GROUP BY 1 ORDER BY 1').all()).toEqual(
      [0, 1, 2].map(n => ({ owner_id: `owner-${n}`, n: 40 })),
    )
    db.close()
  }, 30_000)

  it('killed while writing: the file is sound and holds whole transactions only', async () => {
    const path = join(temporaryFolder(), 'killed.espalier')
    closeDatabase(openDatabase(path))
    // Each transaction writes two rows that belong together.
    const script = `
      import { openProject } from ${JSON.stringify(sourceUrl('project.ts'))}
      const project = openProject(${JSON.stringify(path)})
      for (let i = 0; ; i++) {
        project.write(() => {
          project.events.add('a', 'run', String(i))
          project.weights.put(Buffer.from('filler '.repeat(2000) + i))
          project.events.add('b', 'run', String(i))
        })
        if (i === 5) console.log('writing')
      }`
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise(resolve => child.stdout.once('data', resolve))
      await new Promise(resolve => setTimeout(resolve, 30 * round))
      child.kill('SIGKILL')
      await new Promise(resolve => child.once('exit', resolve))
      const project = openProject(path)
      project.checkSoundness()
      project.close()
      const db = new Database(path)
      const counts = db.prepare('SELECT owner_id, count(*) AS n FROM events GROUP BY 1').all() as { n: number }[]
      expect(counts[0]!.n).toBeGreaterThan(0)
      expect(counts[0]!.n).toBe(counts[1]!.n)
      db.close()
    }
  }, 30_000)

  it('see that others wrote, and not their own writing', () => {
    const path = join(temporaryFolder(), 'watch.espalier')
    const mine = openProject(path)
    const theirs = openProject(path)
    mine.wasWrittenByOthers()
    mine.write(() => mine.datasets.put(exampleDataset()))
    expect(mine.wasWrittenByOthers()).toBe(false)
    theirs.write(() => theirs.events.add('them', 'library', null))
    expect(mine.wasWrittenByOthers()).toBe(true)
    expect(mine.wasWrittenByOthers()).toBe(false)
    mine.close()
    theirs.close()
  })

  it('a copy of a closed project is a project of its own', () => {
    const folder = temporaryFolder()
    const project = openProject(join(folder, 'a.espalier'))
    addOwner(project, { id: 'kept' })
    project.close()
    copyFileSync(join(folder, 'a.espalier'), join(folder, 'b.espalier'))
    const copy = openProject(join(folder, 'b.espalier'))
    expect(copy.owners.get('kept')).toBeDefined()
    copy.close()
  })
})

function sourceUrl(file: string): string {
  return new URL(`../../../src/studio/project/${file}`, import.meta.url).href
}

function exitOf(script: string): Promise<number | null> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'inherit' })
  return new Promise(resolve => child.once('exit', resolve))
}

/** Mounting needs rights that many machines do not give, root or not. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function inMount(folder: string, script: string): string {
  const file = fileURLToPath(new URL('../../../package.json', import.meta.url))
  return execFileSync(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" --input-type=module-typescript -e "$3"',
      'sh',
      folder,
      process.execPath,
      script,
    ],
    { encoding: 'utf8', cwd: join(file, '..') },
  )
}
