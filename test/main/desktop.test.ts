/** The parts that follow what happens in the projects: task bar, sleep, notifications, menu, start, settings, crashes. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { homeOf } from '../../src/main/app-scheme.ts'
import { setupCrashes } from '../../src/main/crashes.ts'
import { createDialogs } from '../../src/main/dialogs.ts'
import { createShowFault, setupFaults } from '../../src/main/faults.ts'
import { openLog } from '../../src/main/log.ts'
import { setupMenu } from '../../src/main/menu.ts'
import { type MenuActions, menuTemplate } from '../../src/main/menu-template.ts'
import { setupNotifications } from '../../src/main/notifications.ts'
import { setupPower } from '../../src/main/power.ts'
import { createProjectActions } from '../../src/main/project-actions.ts'
import { createProjects, type Projects } from '../../src/main/projects.ts'
import { openSettings, type SettingsStore } from '../../src/main/settings.ts'
import { claimSingleInstance } from '../../src/main/single-instance.ts'
import { setupStart } from '../../src/main/start.ts'
import { setupTaskBar } from '../../src/main/task-bar.ts'
import { setupTheme } from '../../src/main/theme.ts'
import { createWindows, freeName, type Windows } from '../../src/main/windows.ts'
import { EspalierError } from '../../src/shared/errors.ts'
import {
  answers,
  app,
  asked,
  type BrowserWindow,
  cancellable,
  Menu,
  Notification,
  nativeTheme,
  powerSaveBlocker,
  resetElectron,
} from './fake-electron.ts'
import { changed, type FakeStudio, fakeStudio, progress, run, settled } from './samples.ts'

vi.mock('electron', () => import('./fake-electron.ts'))

let folder: string
let settings: SettingsStore
let projects: Projects
let windows: Windows
let studios: Map<string, FakeStudio>
/** Paths whose project cannot be opened. */
let broken: Set<string>
const faults: unknown[] = []

const settingsFile = () => join(folder, 'user/settings.json')
const projectFile = (name: string) => {
  const path = join(folder, name)
  writeFileSync(path, '')
  return path
}

beforeEach(() => {
  resetElectron()
  folder = mkdtempSync(join(tmpdir(), 'espalier-desktop-'))
  app.paths['documents'] = folder
  faults.length = 0
  broken = new Set()
  studios = new Map()
  settings = openSettings(settingsFile(), fault => faults.push(fault))
  projects = createProjects(async path => {
    if (broken.has(path)) throw new EspalierError({ code: 'project.newer', message: `${path} is newer.` })
    const studio = fakeStudio()
    studios.set(path, studio)
    return studio
  })
  windows = createWindows(homeOf(undefined), async error => void faults.push(error))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function openWindow(path = '/p/a.espalier') {
  const project = await projects.open(path)
  const window = windows.open(project) as unknown as BrowserWindow
  return { project, window, studio: studios.get(project.path) as FakeStudio }
}

describe('projects', () => {
  it('are opened once, however often and by whatever name they are asked for', async () => {
    const path = projectFile('a.espalier')
    const [first, second, third] = await Promise.all([
      projects.open(path),
      projects.open(path),
      projects.open(join(folder, 'x/../a.espalier')),
    ])
    expect([second === first, third === first, studios.size]).toEqual([true, true, 1])
  })

  it('can be opened again after a failure, and after they were closed', async () => {
    broken.add('/p/a')
    await expect(projects.open('/p/a')).rejects.toThrow('is newer')
    broken.clear()
    const project = await projects.open('/p/a')
    const order: string[] = []
    const studio = studios.get('/p/a') as FakeStudio
    studio.close = async () => {
      await settled()
      order.push('closed')
    }
    const closing = projects.close(project)
    const again = projects.open('/p/a').then(() => order.push('opened'))
    await Promise.all([closing, again])
    expect(order).toEqual(['closed', 'opened'])
    expect(projects.all().length).toBe(1)
  })
})

describe('while runs run', () => {
  it('the task bar of each window of the project shows how far they are', async () => {
    setupTaskBar(projects, windows)
    const { project, studio } = await openWindow()
    windows.open(project)
    await openWindow('/p/other.espalier')
    studio.announce(changed(run(1, 'running', ['running', 'waiting'])))
    studio.announce({ type: 'run.progress', progress: progress(1, 0, 1, 2) })
    studio.announce(changed(run(1, 'finished', ['finished', 'finished'])))
    expect(asked.progress).toEqual(
      [0, 0, 0.25, 0.25, -1, -1].map(value => ({ value, mode: value < 0 ? 'none' : 'normal' })),
    )
  })

  it('the machine stays awake, until the last one of all projects has ended', async () => {
    setupPower(projects)
    const a = await openWindow('/a')
    const b = await openWindow('/b')
    a.studio.announce(changed(run(1, 'running')))
    b.studio.announce(changed(run(1, 'queued')))
    expect(powerSaveBlocker.running.size).toBe(1)
    a.studio.announce(changed(run(1, 'finished')))
    expect(powerSaveBlocker.running.size).toBe(1)
    await projects.close(b.project)
    expect(powerSaveBlocker.running.size).toBe(0)
  })

  it('their end is told to a person who is looking at something else', async () => {
    setupNotifications(projects, windows, path => void projects.open(path).then(windows.show))
    const { window, studio } = await openWindow()
    studio.announce(changed(run(1, 'running')))
    studio.announce(changed(run(1, 'finished')))
    expect(asked.notifications).toEqual([{ title: 'Run 1 has finished', body: 'Global 90 %, seed 7' }])
    Notification.last?.emit('click')
    await settled()
    expect(window.isFront).toBe(true)
    studio.announce(changed(run(2, 'running')))
    studio.announce(changed(run(2, 'finished')))
    expect(asked.notifications.length).toBe(1)
  })

  it('a click on the word of a run without a window opens one', async () => {
    setupNotifications(projects, windows, path => void projects.open(path).then(windows.show))
    const project = await projects.open('/a')
    const studio = studios.get('/a') as FakeStudio
    studio.announce(changed(run(1, 'running')))
    studio.announce(changed(run(1, 'failed')))
    // By then the project may have been closed: it is opened again.
    await projects.close(project)
    Notification.last?.emit('click')
    await settled()
    const [window] = windows.all()
    expect(window && windows.find(window.webContents)?.project).not.toBe(project)
    expect(windows.currentProject()?.path).toBe('/a')
  })
})

describe('settings', () => {
  it('are kept, and written whole', () => {
    settings.update({ theme: 'dark', lastFolders: { file: '/data' } })
    expect(openSettings(settingsFile(), () => {}).get()).toEqual({
      theme: 'dark',
      recentProjects: [],
      lastFolders: { file: '/data' },
    })
    expect(readdirSync(join(folder, 'user'))).toEqual(['settings.json'])
  })

  it('that do not fit fall back to their default; the others stay', () => {
    settings.update({ theme: 'dark' })
    writeFileSync(settingsFile(), '{"theme":"purple","recentProjects":["/a"],"lastFolders":{"nowhere":1},"later":true}')
    expect(openSettings(settingsFile(), fault => faults.push(fault)).get()).toEqual({
      theme: 'system',
      recentProjects: ['/a'],
      lastFolders: {},
    })
    writeFileSync(settingsFile(), '{"theme":')
    expect(openSettings(settingsFile(), fault => faults.push(fault)).get().theme).toBe('system')
    expect(faults.length).toBe(1)
  })

  it('that cannot be written hold until the end', () => {
    writeFileSync(join(folder, 'file'), '')
    const lost = openSettings(join(folder, 'file/settings.json'), fault => faults.push(fault))
    faults.length = 0
    lost.update({ theme: 'light' })
    expect([lost.get().theme, faults.length]).toEqual(['light', 1])
  })

  it('of the theme reach Electron', () => {
    settings.update({ theme: 'dark' })
    setupTheme(settings)
    expect(nativeTheme.themeSource).toBe('dark')
    settings.update({ theme: 'light' })
    expect(nativeTheme.themeSource).toBe('light')
  })
})

describe('dialogs', () => {
  it('begin where they last were, each for its purpose', async () => {
    const dialogs = createDialogs(settings)
    answers.openDialog = [['/data/cifar'], ['/models/a.pt'], [], ['/data/mnist']]
    expect(await dialogs.chooseSource('folder', undefined)).toBe('/data/cifar')
    expect(await dialogs.chooseSource('file', undefined)).toBe('/models/a.pt')
    expect(await dialogs.chooseSource('file', undefined)).toBeNull()
    expect(await dialogs.chooseSource('folder', undefined)).toBe('/data/mnist')
    expect(asked.openDialogs.map(({ defaultPath, properties }) => [defaultPath, properties])).toEqual([
      [undefined, ['openDirectory']],
      [undefined, ['openFile']],
      ['/models', ['openFile']],
      ['/data', ['openDirectory']],
    ])
  })

  it('never let a new project replace a file', async () => {
    const dialogs = createDialogs(settings)
    const taken = projectFile('taken.espalier')
    answers.saveDialog = [taken, join(folder, 'taken'), join(folder, 'free'), '']
    await expect(dialogs.nameProject(undefined)).rejects.toThrow('taken.espalier exists already.')
    await expect(dialogs.nameProject(undefined)).rejects.toThrow('taken.espalier exists already.')
    expect(await dialogs.nameProject(undefined)).toBe(join(folder, 'free.espalier'))
    expect(await dialogs.nameProject(undefined)).toBeNull()
  })
})

describe('faults', () => {
  it('are told in one sentence with what to do; the stack goes to the log', async () => {
    const log = openLog(join(folder, 'logs'))
    const showFault = createShowFault(log)
    await showFault(
      new EspalierError({ code: 'disk.full', message: 'The disk is full.', rule: 'r', hint: 'Make room.' }),
    )
    await showFault(new TypeError('x is not a function'))
    expect(asked.messageBoxes).toMatchObject([
      { message: 'The disk is full.', detail: 'r\nMake room.' },
      { message: 'x is not a function', detail: expect.stringContaining('report it') },
    ])
    expect(JSON.stringify(asked.messageBoxes)).not.toContain('desktop.test.ts')
    expect(readFileSync(join(folder, 'logs/main.log'), 'utf8')).toContain('desktop.test.ts')
  })
})

describe('what nobody caught', () => {
  it('is told one at a time, and all of it is logged', async () => {
    const before = process.listeners('uncaughtException').length
    const logged: string[] = []
    const dialogs: (() => void)[] = []
    const told: unknown[] = []
    const showFault = (error: unknown) => {
      told.push(error)
      return new Promise<void>(resolve => dialogs.push(resolve))
    }
    setupFaults(showFault, text => logged.push(text))
    const tell = process.listeners('uncaughtException').at(-1) as (error: unknown) => void
    try {
      tell(new Error('one'))
      tell(new Error('two'))
      expect([told.length, logged.length]).toEqual([1, 1])
      dialogs[0]?.()
      await settled()
      tell('three')
      expect(told.at(-1)).toBe('three')
    } finally {
      process.off('uncaughtException', tell)
      process.off('unhandledRejection', tell)
    }
    expect(process.listeners('uncaughtException').length).toBe(before)
  })
})

describe('the log', () => {
  it('is moved aside when it is long', () => {
    const log = openLog(folder)
    writeFileSync(join(folder, 'main.log'), 'x'.repeat(1_100_000))
    log('a\nb')
    expect(readFileSync(join(folder, 'main.log'), 'utf8')).toMatch(/^\S+Z a\n {2}b\n$/)
    expect(readFileSync(join(folder, 'main.log.1'), 'utf8').length).toBe(1_100_000)
  })

  it('that cannot be written stops nothing', () => {
    const file = projectFile('file')
    expect(() => openLog(file)('a')).not.toThrow()
  })
})

describe('a page that dies', () => {
  it('is loaded again; the second time within a minute the person decides', async () => {
    setupCrashes(() => {})
    const { window } = await openWindow()
    app.emit('render-process-gone', {}, window.webContents, { reason: 'clean-exit', exitCode: 0 })
    expect(window.webContents.reloads).toBe(0)
    app.emit('render-process-gone', {}, window.webContents, { reason: 'crashed', exitCode: 5 })
    expect(window.webContents.reloads).toBe(1)
    answers.messageBox = [1]
    app.emit('render-process-gone', {}, window.webContents, { reason: 'oom', exitCode: 5 })
    await settled()
    expect(asked.messageBoxes[0]?.message).toContain('it ran out of memory')
    expect([window.webContents.reloads, window.isGone]).toEqual([1, true])
  })
})

describe('windows', () => {
  it('have names that are in use once, so that each has its own place', () => {
    expect(freeName([])).toBe('studio-1')
    expect(freeName(['studio-1', 'studio-3'])).toBe('studio-2')
  })

  it('are found by their page, and the one in front by its focus', async () => {
    const a = await openWindow('/a')
    const b = await openWindow('/b')
    expect(windows.find(a.window.webContents as never)?.project).toBe(a.project)
    expect(windows.currentProject()).toBe(b.project)
    a.window.focus()
    expect(windows.currentProject()).toBe(a.project)
    a.window.destroy()
    expect(windows.find(a.window.webContents as never)).toBeUndefined()
    expect(windows.all().length).toBe(1)
  })
})

describe('the menu', () => {
  const items = (template: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
    template.flatMap(item => [item, ...(Array.isArray(item.submenu) ? items(item.submenu) : [])])
  const state = { platform: 'linux', recentProjects: ['/x/a.espalier'], theme: 'dark', isDevelopment: false } as const
  const nothing = new Proxy({} as MenuActions, { get: () => () => {} })

  it('has no shortcut twice, on any system', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const shortcuts = items(menuTemplate({ ...state, platform, isDevelopment: true }, nothing)).flatMap(
        ({ accelerator }) => accelerator ?? [],
      )
      expect(new Set(shortcuts).size).toBe(shortcuts.length)
      expect(shortcuts).toContain('CmdOrCtrl+O')
    }
  })

  it('has Quit where each system has it, and developer tools only while developing', () => {
    const roles = (platform: NodeJS.Platform, isDevelopment = false) =>
      items(menuTemplate({ ...state, platform, isDevelopment }, nothing)).map(({ role }) => role)
    expect(roles('linux')).toContain('quit')
    expect(roles('darwin')).not.toContain('quit')
    expect(roles('darwin')[0]).toBe('appMenu')
    expect(roles('linux')).not.toContain('toggleDevTools')
    expect(roles('linux', true)).toContain('toggleDevTools')
  })

  it('tells projects of one name apart, and shows an ampersand', () => {
    const recentProjects = ['/x/a.espalier', '/y/a.espalier', '/y/R&D.espalier']
    const labels = items(menuTemplate({ ...state, recentProjects }, nothing)).map(({ label }) => label)
    expect(labels).toEqual(expect.arrayContaining(['/x/a.espalier', '/y/a.espalier', 'R&&D']))
  })

  it('is disabled where there is nothing recent', () => {
    const recent = items(menuTemplate({ ...state, recentProjects: [] }, nothing)).find(
      ({ label }) => label === 'Open recent',
    )
    expect(recent?.enabled).toBe(false)
  })

  it('acts, and is built anew when the theme or the recent projects change', async () => {
    const dialogs = createDialogs(settings)
    const projectActions = createProjectActions({ projects, windows, dialogs, settings })
    setupMenu({ projectActions, settings, windows, showFault: async error => void faults.push(error) })
    const item = (label: string) => {
      const found = items(Menu.current as MenuItemConstructorOptions[]).find(entry => entry.label === label)
      if (!found) throw new Error(`There is no ${label}`)
      return found
    }
    const click = async (label: string) => {
      ;(item(label).click as () => void)()
      await settled()
    }
    const path = projectFile('a.espalier')
    answers.openDialog = [[path]]
    await click('Open…')
    expect(windows.all().length).toBe(1)
    expect(asked.recentDocuments).toEqual(process.platform === 'linux' ? [] : [path])
    expect(item('Open recent').enabled).toBe(true)
    await click('New window')
    expect(windows.all().length).toBe(2)
    await click('Dark')
    expect([item('Dark').checked, settings.get().theme]).toEqual([true, 'dark'])
    const [window] = windows.all() as unknown as BrowserWindow[]
    expect(window?.webContents.sent).toEqual([['espalier:command', 'view.theme.dark']])
    await click('Doctor')
    expect((windows.current() as unknown as BrowserWindow).webContents.sent.at(-1)).toEqual([
      'espalier:command',
      'go.doctor',
    ])
    // A project that was deleted is not made anew by its name in the list.
    rmSync(path)
    await click('a')
    expect(faults).toMatchObject([{ code: 'file.missing', file: path }])
    expect(settings.get().recentProjects).toEqual([])
    answers.saveDialog = [join(folder, 'new')]
    await click('New…')
    expect(settings.get().recentProjects).toEqual([join(folder, 'new.espalier')])
    await click('Clear list')
    expect(settings.get().recentProjects).toEqual([])
  })
})

describe('the start', () => {
  let firstEver: string
  beforeEach(() => {
    firstEver = join(folder, 'data/Studio.espalier')
  })
  function begin(requested: string[] = []) {
    const dialogs = createDialogs(settings)
    const projectActions = createProjectActions({ projects, windows, dialogs, settings })
    const showFault = async (error: unknown) => void faults.push(error)
    return setupStart({ requested, firstEver, projects, projectActions, settings, windows, dialogs, showFault })
  }
  const shown = () => windows.all().map(window => windows.find(window.webContents)?.project.path)

  it('hands its files to the instance that is there', () => {
    answers.hasLock = false
    expect(claimSingleInstance(['/p/a.espalier'])).toBe(false)
    expect(app.lockData).toEqual({ projects: ['/p/a.espalier'] })
  })

  it('makes the first project of all', async () => {
    await begin().start()
    expect(shown()).toEqual([firstEver])
    expect(existsSync(join(folder, 'data'))).toBe(true)
    expect(settings.get().recentProjects).toEqual([firstEver])
  })

  it('shows the last project that is still there', async () => {
    const path = projectFile('b.espalier')
    settings.update({ recentProjects: ['/gone.espalier', path] })
    await begin().start()
    expect(shown()).toEqual([path])
  })

  it('shows what the command line and, on macOS, the system asked for before it was ready', async () => {
    const [a, b] = [projectFile('a.espalier'), projectFile('b.espalier')]
    const { start } = begin([a])
    const early = cancellable()
    app.emit('open-file', early, b)
    await start()
    expect(early.defaultPrevented).toBe(true)
    expect(shown()).toEqual([a, b])
  })

  it('tells what cannot be opened, and asks what to do instead', async () => {
    const path = projectFile('newer.espalier')
    broken.add(path)
    answers.messageBox = [0]
    answers.saveDialog = [join(folder, 'fresh')]
    await begin([path]).start()
    expect(faults).toMatchObject([{ code: 'project.newer' }])
    expect(asked.messageBoxes[0]).toMatchObject({ message: 'No project is open.', buttons: ['New…', 'Open…', 'Quit'] })
    expect(shown()).toEqual([join(folder, 'fresh.espalier')])
  })

  it('ends when the person wants none', async () => {
    const path = projectFile('newer.espalier')
    broken.add(path)
    answers.messageBox = [2]
    await begin([path]).start()
    expect([shown(), asked.quits]).toEqual([[], 1])
  })

  it('of a second instance opens its files, or brings a window to the front', async () => {
    const [a, b] = [projectFile('a.espalier'), projectFile('b.espalier')]
    await begin([a]).start()
    app.emit('second-instance', {}, ['espalier', '--x', b], '/', { projects: [b] })
    await settled()
    expect(shown()).toEqual([a, b])
    app.emit('second-instance', {}, [], '/', { projects: [] })
    await settled()
    // Nonsense from another program that took our name is a wish to see a window, no more.
    app.emit('second-instance', {}, [], '/', { projects: [7] })
    app.emit('second-instance', {}, [], '/', null)
    await settled()
    expect(shown()).toEqual([a, b])
    expect((windows.current() as unknown as BrowserWindow).isFront).toBe(true)
  })

  it('of a second instance shows work that goes on without a window', async () => {
    const path = projectFile('a.espalier')
    await begin([path]).start()
    for (const window of windows.all()) window.destroy()
    app.emit('second-instance', {}, [], '/', { projects: [] })
    await settled()
    expect(shown()).toEqual([path])
  })
})
