/** The small decisions of the desktop, each a function. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readArguments } from '../../src/main/arguments.ts'
import { afterCrash, reasonText } from '../../src/main/crash-policy.ts'
import { firstProjects } from '../../src/main/first-projects.ts'
import { createGrants } from '../../src/main/grants.ts'
import { createLineSplitter } from '../../src/main/lines.ts'
import { endNotice } from '../../src/main/notices.ts'
import { projectName, withProjectExtension } from '../../src/main/project-file.ts'
import { choiceOf, quitQuestion } from '../../src/main/quit-question.ts'
import { withoutRecent, withRecent } from '../../src/main/recent-list.ts'
import { commandIds } from '../../src/shared/bridge.ts'
import { run } from './samples.ts'

describe('the command line', () => {
  it('names project files, wherever Chromium puts its switches', () => {
    const argv = [
      '/usr/bin/espalier',
      '--no-sandbox',
      'one.espalier',
      '--enable-features=x.espalier',
      '/data/Two.ESPALIER',
    ]
    expect(readArguments(argv, '/home/p')).toEqual({
      projects: [resolve('/home/p/one.espalier'), resolve('/data/Two.ESPALIER')],
      userData: null,
    })
  })

  it('takes file: addresses, names each file once and passes over everything else', () => {
    const argv = [
      'electron',
      '.',
      'a.espalier',
      './a.espalier',
      'file:///home/p/b%20c.espalier',
      'file://host:x.espalier',
      'r.json',
    ]
    const { projects } = readArguments(argv, '/home/p')
    expect(projects).toEqual([resolve('/home/p/a.espalier'), '/home/p/b c.espalier'])
  })

  it('may move the user data', () => {
    expect(readArguments(['espalier', '--user-data-dir=other'], '/home/p').userData).toBe(resolve('/home/p/other'))
  })
})

describe('project files', () => {
  it('have one extension', () => {
    expect(withProjectExtension('/a/b')).toBe('/a/b.espalier')
    expect(withProjectExtension('/a/b.Espalier')).toBe('/a/b.Espalier')
    expect(projectName(join('a', 'My project.espalier'))).toBe('My project')
  })
})

describe('grants', () => {
  it('give the path back to the process that gave them, and to nobody who guesses', () => {
    const grants = createGrants()
    const id = grants.grant('/data/model.pt') ?? ''
    expect(grants.resolve(id)).toBe('/data/model.pt')
    expect(id).not.toContain('model')
    expect(createGrants().resolve(id)).toBeUndefined()
    for (const guess of [
      '',
      '0',
      '1',
      '/data/model.pt',
      `${id}0`,
      id.slice(1),
      id.toUpperCase(),
      '__proto__',
      'constructor',
    ]) {
      expect(grants.resolve(guess)).toBeUndefined()
    }
  })

  it('are the same for the same path and unlike for others', () => {
    const grants = createGrants()
    const ids = Array.from({ length: 200 }, (_, index) => grants.grant(`/data/${index}`))
    expect(new Set(ids).size).toBe(200)
    expect(grants.grant('/data/7')).toBe(ids[7])
    // 128 bits in base64.
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
  })

  it('are not given for what is no absolute path', () => {
    const grants = createGrants()
    for (const path of ['', 'model.pt', '../model.pt', './a', '/data/\0/etc/passwd'])
      expect(grants.grant(path)).toBeNull()
  })
})

describe('recent projects', () => {
  it('are the newest first, each once, ten at most', () => {
    expect(withRecent(['b', 'a'], 'a')).toEqual(['a', 'b'])
    const many = Array.from({ length: 12 }, (_, index) => `p${index}`).reduce<string[]>(withRecent, [])
    expect(many).toEqual(['p11', 'p10', 'p9', 'p8', 'p7', 'p6', 'p5', 'p4', 'p3', 'p2'])
    expect(withoutRecent(['a', 'b'], 'a')).toEqual(['b'])
  })
})

describe('the first window', () => {
  const exists = (path: string) => path !== 'gone'

  it('shows what was asked for, even if it is not there: the person is told', () => {
    expect(firstProjects({ requested: ['gone'], recent: ['a'], exists, firstEver: 'new' })).toEqual({ open: ['gone'] })
  })

  it('shows the last project that is still there, else a new one', () => {
    expect(firstProjects({ requested: [], recent: ['gone', 'b', 'c'], exists, firstEver: 'new' })).toEqual({
      open: ['b'],
    })
    expect(firstProjects({ requested: [], recent: ['gone'], exists, firstEver: 'new' })).toEqual({ create: 'new' })
  })
})

describe('quitting', () => {
  it('asks only when something would be cut off', () => {
    expect(quitQuestion([], 'quit')).toBeNull()
    expect(quitQuestion([run(14, 'running')], 'quit')?.message).toBe('Run 14 (Global 90 %, seed 7) is not finished.')
    expect(quitQuestion([run(14, 'running'), run(15, 'queued')], 'close')?.message).toBe('2 runs are not finished.')
  })

  it('says what each button does, and a dismissed dialog cuts nothing off', () => {
    const question = quitQuestion([run(14, 'running')], 'close')
    if (!question) throw new Error('there is a question')
    expect(question.buttons).toEqual(['Keep running', 'Stop and close', 'Cancel'])
    expect([0, 1, 2, 3, -1].map(button => choiceOf(question, button))).toEqual([
      'keep-running',
      'stop',
      'cancel',
      'cancel',
      'cancel',
    ])
  })
})

describe('notices', () => {
  it('tell how a run ended, unless the person ended it', () => {
    const error = { code: 'run.failed', message: 'The disk is full.' } as const
    expect(endNotice(run(3, 'finished'))).toEqual({ title: 'Run 3 has finished', body: 'Global 90 %, seed 7' })
    expect(endNotice({ ...run(3, 'failed'), error })).toEqual({ title: 'Run 3 has failed', body: 'The disk is full.' })
    expect(endNotice(run(3, 'interrupted'))?.title).toBe('Run 3 was interrupted')
    expect(endNotice(run(3, 'stopped'))).toBeNull()
  })
})

describe('a page that died', () => {
  it('is loaded again, but not over and over', () => {
    expect(afterCrash([0], 0)).toBe('reload')
    expect(afterCrash([0, 59_000], 59_000)).toBe('ask')
    expect(afterCrash([0, 61_000], 61_000)).toBe('reload')
    expect(reasonText('oom')).toBe('it ran out of memory')
    expect(reasonText('something-new')).toBe('something-new')
  })
})

describe('lines of a process', () => {
  const lines = (chunks: (string | Buffer)[]) => {
    const found: string[] = []
    const splitter = createLineSplitter(line => found.push(line))
    for (const chunk of chunks) splitter.push(Buffer.from(chunk as string))
    splitter.flush()
    return found
  }

  it('are whole, however the pipe cuts them', () => {
    const text = 'eins\r\nzwei – drei\n\nvier\rfünf'
    const bytes = Buffer.from(text)
    const expected = ['eins', 'zwei – drei', '', 'vier', 'fünf']
    expect(lines([text])).toEqual(expected)
    for (let at = 0; at <= bytes.length; at++)
      expect(lines([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected)
  })

  it('that never end come in pieces', () => {
    expect(lines(['x'.repeat(200_000)]).map(line => line.length)).toEqual([65_536, 65_536, 65_536, 3_392])
  })
})

describe('commands of the menu', () => {
  it('are commands of the window', () => {
    const source = readFileSync(join(import.meta.dirname, '../../src/renderer/src/app-commands.ts'), 'utf8')
    const known = [...source.matchAll(/\bid: '([^']+)'/g)].map(([, id]) => id)
    expect(known).toEqual(expect.arrayContaining([...commandIds]))
  })
})
