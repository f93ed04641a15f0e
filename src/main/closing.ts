/**
 * Ending: of a window, of a project without windows, of the application. Nothing that runs is cut off without a question;
 * windows go first, so that their pages have the last word; then every project is folded back into one file.
 */
import { app, type BrowserWindow, powerMonitor } from 'electron'
import { activeRuns } from './activity.ts'
import type { Dialogs } from './dialogs.ts'
import type { ShowFault } from './faults.ts'
import type { Project, Projects } from './projects.ts'
import { type QuitChoice, quitQuestion } from './quit-question.ts'
import type { Windows } from './windows.ts'

export interface ClosingParts {
  readonly projects: Projects
  readonly windows: Windows
  readonly dialogs: Pick<Dialogs, 'askToQuit'>
  readonly showFault: ShowFault
  readonly platform: NodeJS.Platform
}

/** A page that hangs does not hold up the end for longer than this. */
const closeMs = 2000

export function setupClosing({ projects, windows, dialogs, showFault, platform }: ClosingParts): void {
  /** `ending`: windows and projects are being closed. `ended`: the application may go. */
  let phase: 'open' | 'ending' | 'ended' = 'open'
  /** A question stands; another Ctrl+Q must not ask it twice. */
  let isAsking = false
  /** The person chose to quit and let the work end first; on macOS an application outlives its windows otherwise. */
  let quitsWhenIdle = false
  /** Windows about which the question was answered. */
  const mayClose = new WeakSet<BrowserWindow>()

  const isBusy = (project: Project) => activeRuns(project.activity()).length > 0

  async function ask(active: readonly Project[], occasion: 'quit' | 'close'): Promise<QuitChoice> {
    const question = quitQuestion(
      active.flatMap(project => activeRuns(project.activity())),
      occasion,
    )
    if (!question) return 'stop'
    if (isAsking) return 'cancel'
    isAsking = true
    try {
      return await dialogs.askToQuit(question, windows.current())
    } finally {
      isAsking = false
    }
  }

  function closeWindow(window: BrowserWindow): Promise<void> {
    return new Promise(resolve => {
      const limit = setTimeout(() => window.destroy(), closeMs)
      window.once('closed', () => {
        clearTimeout(limit)
        resolve()
      })
      mayClose.add(window)
      window.close()
    })
  }

  async function quit(): Promise<void> {
    if (phase !== 'open') return
    const choice = await ask(projects.all(), 'quit')
    if (choice === 'cancel') return
    if (choice === 'stop') return end()
    // Set first: the last window may be the end of an idle project.
    quitsWhenIdle = true
    await Promise.all(windows.all().map(closeWindow))
  }

  async function end(): Promise<void> {
    if (phase !== 'open') return
    phase = 'ending'
    // Again for what a second start opened meanwhile.
    while (windows.all().length > 0 || projects.all().length > 0) {
      await Promise.all(windows.all().map(closeWindow))
      const closed = await Promise.allSettled(projects.all().map(project => projects.close(project)))
      for (const result of closed) if (result.status === 'rejected') await showFault(result.reason)
    }
    phase = 'ended'
    app.quit()
  }

  /** A project that nobody looks at is closed when its work is over; with the last one the application ends. */
  async function settle(project: Project): Promise<void> {
    if (phase !== 'open' || isBusy(project) || windows.of(project).length > 0) return
    await projects.close(project).catch(showFault)
    const isLast = projects.all().length === 0 && windows.all().length === 0
    if (isLast && (quitsWhenIdle || platform !== 'darwin')) await end()
  }

  async function closeBusy(window: BrowserWindow, project: Project): Promise<void> {
    const choice = await ask([project], 'close')
    if (choice === 'cancel' || window.isDestroyed()) return
    await closeWindow(window)
    if (choice === 'stop') await projects.close(project)
    await settle(project)
  }

  windows.onClose((window, project, event) => {
    if (phase !== 'open' || mayClose.has(window) || !isBusy(project) || windows.of(project).length > 1) return
    event.preventDefault()
    closeBusy(window, project).catch(showFault)
  })
  windows.onClosed(project => void settle(project))
  projects.onActivity(project => void settle(project))
  app.on('browser-window-created', () => {
    quitsWhenIdle = false
  })
  // Without a listener Electron quits when the last window goes; `settle` says whether it does.
  app.on('window-all-closed', () => {})
  app.on('before-quit', event => {
    if (phase === 'ended') return
    event.preventDefault()
    quit().catch(showFault)
  })
  // The machine waits a moment for us, and for no answer: what runs is stopped properly and can be gone on with. Electron's
  // types leave out that the listener is given an event. Windows has no such event: there a run is found interrupted.
  const systemEvents: NodeJS.EventEmitter = powerMonitor
  systemEvents.on('shutdown', (event: { preventDefault(): void }) => {
    event.preventDefault()
    end().catch(showFault)
  })
}
