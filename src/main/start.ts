/** What is shown at a start, and what happens when the application is started again or asked for by the system. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { app } from 'electron'
import type { Dialogs } from './dialogs.ts'
import type { ShowFault } from './faults.ts'
import { firstProjects } from './first-projects.ts'
import type { ProjectActions } from './project-actions.ts'
import type { Projects } from './projects.ts'
import type { SettingsStore } from './settings.ts'
import { setupSingleInstance } from './single-instance.ts'
import type { Windows } from './windows.ts'

export interface StartParts {
  /** Project files of the command line. */
  readonly requested: readonly string[]
  /** Where the first project of all is made. */
  readonly firstEver: string
  readonly projects: Projects
  readonly projectActions: ProjectActions
  readonly settings: SettingsStore
  readonly windows: Windows
  readonly dialogs: Dialogs
  readonly showFault: ShowFault
}

/** Called before the application is ready, because macOS may name files before that. `start` is for when it is. */
export function setupStart(parts: StartParts): { start(): Promise<void> } {
  const { requested, firstEver, projects, projectActions, settings, windows, dialogs, showFault } = parts
  const waiting = [...requested]
  let isStarted = false

  /** Faults are told; the others still open. */
  async function attempt(work: Promise<unknown>): Promise<void> {
    await work.catch(error => showFault(error, windows.current()))
  }

  async function openAll(paths: readonly string[]): Promise<void> {
    for (const path of paths) await attempt(projectActions.open(path))
  }

  async function makeFirst(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await projectActions.openOrCreate(path)
  }

  async function openFirst(paths: readonly string[]): Promise<void> {
    const first = firstProjects({
      requested: paths,
      recent: settings.get().recentProjects,
      exists: existsSync,
      firstEver,
    })
    if ('open' in first) await openAll(first.open)
    else await attempt(makeFirst(first.create))
    while (windows.all().length === 0) {
      const answer = await dialogs.askForProject()
      if (answer === 'quit') return app.quit()
      await attempt(answer === 'new' ? projectActions.create() : projectActions.choose())
    }
  }

  /** The window in front, or work that goes on without one. */
  function showSomething(): void {
    const project = windows.currentProject() ?? projects.all().at(-1)
    if (project) windows.show(project)
    else void openFirst([])
  }

  app.on('open-file', (event, path) => {
    event.preventDefault()
    if (isStarted) void openAll([path])
    else waiting.push(path)
  })
  setupSingleInstance(paths => {
    if (!isStarted) waiting.push(...paths)
    else if (paths.length > 0) void openAll(paths)
    else showSomething()
  })
  // The dock icon, on macOS.
  app.on('activate', () => {
    if (isStarted && windows.all().length === 0) showSomething()
  })

  return {
    async start() {
      isStarted = true
      await openFirst(waiting)
    },
  }
}
