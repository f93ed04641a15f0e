/** The application menu, kept up to date with the recent projects and the theme. */
import { join } from 'node:path'
import { app, Menu, shell } from 'electron'
import { EspalierError } from '../shared/errors.ts'
import type { ShowFault } from './faults.ts'
import { type MenuActions, menuTemplate } from './menu-template.ts'
import type { ProjectActions } from './project-actions.ts'
import type { SettingsStore } from './settings.ts'
import type { Windows } from './windows.ts'

export interface MenuParts {
  readonly projectActions: ProjectActions
  readonly settings: SettingsStore
  readonly windows: Windows
  readonly showFault: ShowFault
}

export function setupMenu({ projectActions, settings, windows, showFault }: MenuParts): void {
  const reporting = (work: Promise<unknown>) => void work.catch(error => showFault(error, windows.current()))
  const actions: MenuActions = {
    newProject: () => reporting(projectActions.create()),
    openProject: () => reporting(projectActions.choose()),
    openRecent: path => reporting(projectActions.open(path)),
    clearRecent() {
      settings.update({ recentProjects: [] })
      if (process.platform !== 'linux') app.clearRecentDocuments()
    },
    newWindow: projectActions.newWindow,
    setTheme(theme) {
      settings.update({ theme })
      for (const window of windows.all()) windows.command(window, `view.theme.${theme}`)
    },
    command(id) {
      const window = windows.current()
      if (window) windows.command(window, id)
    },
    openDocumentation: () => reporting(openDocumentation()),
  }
  const build = () => {
    const { recentProjects, theme } = settings.get()
    const state = { platform: process.platform, recentProjects, theme, isDevelopment: !app.isPackaged }
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(state, actions)))
  }
  app.setAboutPanelOptions({ applicationName: 'Espalier', applicationVersion: app.getVersion() })
  build()
  settings.onChange(build)
}

/** A packaged application has it beside its archive: other programs cannot read what is inside. */
async function openDocumentation(): Promise<void> {
  const folder = app.isPackaged ? process.resourcesPath : app.getAppPath()
  const file = join(folder, 'README.md')
  const fault = await shell.openPath(file)
  if (!fault) return
  throw new EspalierError({
    code: 'file.unreadable',
    message: `The documentation could not be opened: ${fault}.`,
    file,
    hint: `Open ${file} with a program that shows text.`,
  })
}
