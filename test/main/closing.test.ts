import { beforeEach, describe, expect, it, vi } from 'vitest'
import { homeOf } from '../../src/main/app-scheme.ts'
import { setupClosing } from '../../src/main/closing.ts'
import { portOf } from '../../src/main/port.ts'
import { createProjects, type Project, type Projects } from '../../src/main/projects.ts'
import type { QuitChoice } from '../../src/main/quit-question.ts'
import { createWindows, type Windows } from '../../src/main/windows.ts'
import { EspalierError } from '../../src/shared/errors.ts'
import {
  app,
  asked,
  type BrowserWindow,
  cancellable,
  MessageChannelMain,
  powerMonitor,
  resetElectron,
} from './fake-electron.ts'
import { changed, type FakeStudio, fakeStudio, run, settled } from './samples.ts'

vi.mock('electron', () => import('./fake-electron.ts'))

let projects: Projects
let windows: Windows
let studios: Map<string, FakeStudio>
let questions: string[]
let faults: unknown[]
/** What the person will answer. */
let choice: QuitChoice

function setup(platform: NodeJS.Platform): void {
  resetElectron()
  studios = new Map()
  questions = []
  faults = []
  choice = 'cancel'
  projects = createProjects(async path => {
    const studio = fakeStudio()
    studios.set(path, studio)
    return studio
  })
  windows = createWindows(homeOf(undefined), async error => void faults.push(error))
  setupClosing({
    projects,
    windows,
    dialogs: {
      async askToQuit(question) {
        questions.push(question.message)
        return choice
      },
    },
    async showFault(error) {
      faults.push(error)
    },
    platform,
  })
}

async function open(path: string): Promise<{ project: Project; window: BrowserWindow; studio: FakeStudio }> {
  const project = await projects.open(path)
  const window = windows.open(project) as unknown as BrowserWindow
  return { project, window, studio: studios.get(path) as FakeStudio }
}

describe('closing the last window', () => {
  beforeEach(() => setup('linux'))

  it('of an idle project closes it, and ends the application', async () => {
    const { window, studio } = await open('/a')
    window.close()
    await settled()
    expect([window.isGone, studio.closes, asked.quits, questions]).toEqual([true, 1, 1, []])
  })

  it('of one of two projects ends nothing else', async () => {
    const a = await open('/a')
    const b = await open('/b')
    a.window.close()
    await settled()
    expect([a.studio.closes, b.studio.closes, asked.quits]).toEqual([1, 0, 0])
    b.window.close()
    await settled()
    expect([b.studio.closes, asked.quits]).toEqual([1, 1])
  })

  it('asks when something runs, and Cancel keeps the window', async () => {
    const { window, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    window.close()
    await settled()
    expect(questions).toEqual(['Run 4 (Global 90 %, seed 7) is not finished.'])
    expect([window.isGone, studio.closes, asked.quits]).toEqual([false, 0, 0])
  })

  it('does not ask while another window shows the project', async () => {
    const { project, window, studio } = await open('/a')
    windows.open(project)
    studio.announce(changed(run(4, 'running')))
    window.close()
    await settled()
    expect([window.isGone, studio.closes, questions]).toEqual([true, 0, []])
  })

  it('with "keep running" ends the application after the last run', async () => {
    const { window, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    studio.announce(changed(run(5, 'queued')))
    choice = 'keep-running'
    window.close()
    await settled()
    expect([window.isGone, studio.closes, asked.quits]).toEqual([true, 0, 0])
    studio.announce(changed(run(4, 'finished')))
    await settled()
    expect(studio.closes).toBe(0)
    studio.announce(changed(run(5, 'finished')))
    await settled()
    expect([studio.closes, asked.quits]).toEqual([1, 1])
  })

  it('with "stop" closes the project first, which stops its runs', async () => {
    const { window, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    choice = 'stop'
    window.close()
    await settled()
    expect([window.isGone, studio.closes, asked.quits]).toEqual([true, 1, 1])
  })

  it('tells why a project could not be closed, and ends all the same', async () => {
    const { window, studio } = await open('/a')
    const fault = new EspalierError({ code: 'disk.full', message: 'The disk is full.' })
    studio.close = async () => {
      throw fault
    }
    window.close()
    await settled()
    expect([faults, asked.quits]).toEqual([[fault], 1])
  })
})

describe('on macOS', () => {
  beforeEach(() => setup('darwin'))

  it('the application outlives its windows', async () => {
    const { window, studio } = await open('/a')
    window.close()
    await settled()
    expect([studio.closes, asked.quits]).toEqual([1, 0])
  })

  it('quitting with "keep running" ends it when the work is over', async () => {
    const { studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    choice = 'keep-running'
    app.quit()
    await settled()
    expect([windows.all().length, asked.quits]).toEqual([0, 0])
    studio.announce(changed(run(4, 'failed')))
    await settled()
    expect([studio.closes, asked.quits]).toEqual([1, 1])
  })

  it('a window opened meanwhile takes that back', async () => {
    const { project, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    choice = 'keep-running'
    app.quit()
    await settled()
    const window = windows.open(project) as unknown as BrowserWindow
    studio.announce(changed(run(4, 'finished')))
    await settled()
    window.close()
    await settled()
    expect([studio.closes, asked.quits]).toEqual([1, 0])
  })
})

describe('quitting', () => {
  beforeEach(() => setup('linux'))

  it('closes every project before the application ends', async () => {
    const a = await open('/a')
    const b = await open('/b')
    app.quit()
    expect(asked.quits).toBe(0)
    await settled()
    expect([a.studio.closes, b.studio.closes, a.window.isGone, asked.quits, questions]).toEqual([1, 1, true, 1, []])
  })

  it('asks once, however often it is said', async () => {
    const { window, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    studio.announce(changed(run(5, 'queued')))
    app.quit()
    app.quit()
    await settled()
    expect(questions).toEqual(['2 runs are not finished.'])
    expect([window.isGone, asked.quits]).toEqual([false, 0])
    choice = 'stop'
    app.quit()
    await settled()
    expect([studio.closes, window.isGone, asked.quits]).toEqual([1, true, 1])
  })

  it('without windows, by the system, still closes what goes on in the background', async () => {
    const { window, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    choice = 'keep-running'
    window.close()
    await settled()
    choice = 'stop'
    app.quit()
    await settled()
    expect([studio.closes, asked.quits]).toEqual([1, 1])
  })
})

describe('the end', () => {
  beforeEach(() => setup('linux'))

  it('gives a page that goes its last word before the project is closed', async () => {
    const { project, window, studio } = await open('/a')
    const order: string[] = []
    const saved = { id: 'r', name: 'r', version: 1, savedAt: 0, document: {} }
    Object.assign(studio.handlers, {
      'recipe.save': () => {
        order.push('saved')
        return saved
      },
    })
    studio.close = async () => void order.push('closed')
    const { port1, port2 } = new MessageChannelMain()
    project.serve(portOf(port1 as never))
    // As a page does: it says what it has to say, and its pipe is gone.
    window.on('closed', () => {
      port2.postMessage({ type: 'call', id: 1, name: 'recipe.save', params: { document: {} } })
      setTimeout(() => port2.close(), 20)
    })
    app.quit()
    await vi.waitFor(() => expect(asked.quits).toBe(1))
    expect(order).toEqual(['saved', 'closed'])
  })

  it('does not wait for a page that hangs', async () => {
    const { window, studio } = await open('/a')
    // Chromium waits for the page before it closes the window.
    window.close = () => {}
    vi.useFakeTimers()
    try {
      app.quit()
      await vi.advanceTimersByTimeAsync(2000)
      expect([window.isGone, studio.closes, asked.quits]).toEqual([true, 1, 1])
    } finally {
      vi.useRealTimers()
    }
  })

  it('of the machine asks nothing: what runs is stopped and the project closed', async () => {
    const { window, studio } = await open('/a')
    studio.announce(changed(run(4, 'running')))
    const event = cancellable()
    powerMonitor.emit('shutdown', event)
    await settled()
    expect([event.defaultPrevented, questions, window.isGone, studio.closes, asked.quits]).toEqual([
      true,
      [],
      true,
      1,
      1,
    ])
  })
})
