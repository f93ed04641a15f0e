/** What menus, the command line, the system and dialogs may do with projects. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { app } from 'electron'
import { EspalierError } from '../shared/errors.ts'
import type { Dialogs } from './dialogs.ts'
import type { Projects } from './projects.ts'
import { withoutRecent, withRecent } from './recent-list.ts'
import type { SettingsStore } from './settings.ts'
import type { Windows } from './windows.ts'

export interface ProjectActions {
  /** An existing file, in a window in front. Throws `file.missing`, or what is wrong with the file. */
  open(path: string): Promise<void>
  /** The file at `path`, made if it is not there. */
  openOrCreate(path: string): Promise<void>
  /** Asks which. False: dismissed. */
  choose(): Promise<boolean>
  create(): Promise<boolean>
  /** Another window on what the window in front shows. */
  newWindow(): void
}

export interface ProjectParts {
  readonly projects: Projects
  readonly windows: Windows
  readonly dialogs: Dialogs
  readonly settings: SettingsStore
}

export function createProjectActions({ projects, windows, dialogs, settings }: ProjectParts): ProjectActions {
  async function openOrCreate(path: string): Promise<void> {
    const project = await projects.open(path)
    settings.update({ recentProjects: withRecent(settings.get().recentProjects, project.path) })
    // The system's own list; Linux has none.
    if (process.platform !== 'linux') app.addRecentDocument(project.path)
    windows.show(project)
  }

  async function open(path: string): Promise<void> {
    // The studio makes a project that is not there; a name from a list or a script must not.
    if (!existsSync(path)) {
      settings.update({ recentProjects: withoutRecent(settings.get().recentProjects, path) })
      throw new EspalierError({
        code: 'file.missing',
        message: `The project ${basename(path)} is not there any more.`,
        file: path,
        hint: 'If it was moved, open it from where it is now.',
      })
    }
    await openOrCreate(path)
  }

  return {
    open,
    openOrCreate,
    async choose() {
      const path = await dialogs.chooseProject(windows.current())
      if (path !== null) await open(path)
      return path !== null
    },
    async create() {
      const path = await dialogs.nameProject(windows.current())
      if (path !== null) await openOrCreate(path)
      return path !== null
    },
    newWindow() {
      const project = windows.currentProject()
      if (project) windows.open(project)
    },
  }
}
