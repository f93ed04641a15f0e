/** The application menu as data. Shortcuts follow each system's habit; `CmdOrCtrl` is Electron's word for that. */
import type { MenuItemConstructorOptions } from 'electron'
import type { CommandId, Theme } from '../shared/bridge.ts'
import { projectName } from './project-file.ts'

export interface MenuActions {
  newProject(): void
  openProject(): void
  openRecent(path: string): void
  clearRecent(): void
  newWindow(): void
  setTheme(theme: Theme): void
  /** Asks the window in front. */
  command(id: CommandId): void
  openDocumentation(): void
}

export interface MenuState {
  readonly platform: NodeJS.Platform
  readonly recentProjects: readonly string[]
  readonly theme: Theme
  /** Developer tools and reload, in an unpackaged application. */
  readonly isDevelopment: boolean
}

export function menuTemplate(state: MenuState, actions: MenuActions): MenuItemConstructorOptions[] {
  const isMac = state.platform === 'darwin'
  const menus = [projectMenu(state, actions), editMenu, viewMenu(state, actions), windowMenu, helpMenu(actions)]
  return isMac ? [{ role: 'appMenu' }, ...menus] : menus
}

const command = (label: string, id: CommandId, actions: MenuActions): MenuItemConstructorOptions => ({
  label,
  click: () => actions.command(id),
})

const separator: MenuItemConstructorOptions = { type: 'separator' }

function projectMenu(state: MenuState, actions: MenuActions): MenuItemConstructorOptions {
  return {
    label: '&Project',
    submenu: [
      { label: 'New…', accelerator: 'CmdOrCtrl+Shift+N', click: actions.newProject },
      { label: 'Open…', accelerator: 'CmdOrCtrl+O', click: actions.openProject },
      recentMenu(state.recentProjects, actions),
      separator,
      command('New recipe', 'recipe.new', actions),
      separator,
      { label: 'New window', accelerator: 'CmdOrCtrl+Alt+N', click: actions.newWindow },
      { role: 'close', label: 'Close window' },
      // On macOS the application's own menu has it.
      ...(state.platform === 'darwin' ? [] : [separator, { role: 'quit', label: 'Quit' } as const]),
    ],
  }
}

function recentMenu(paths: readonly string[], actions: MenuActions): MenuItemConstructorOptions {
  const items: MenuItemConstructorOptions[] = paths.map(path => ({
    // Two projects of one name are told apart by the whole path.
    label: escapeLabel(
      paths.some(other => other !== path && projectName(other) === projectName(path)) ? path : projectName(path),
    ),
    toolTip: path,
    click: () => actions.openRecent(path),
  }))
  return {
    label: 'Open recent',
    enabled: items.length > 0,
    submenu: [...items, separator, { label: 'Clear list', click: actions.clearRecent }],
  }
}

/** In a label `&` marks the next letter as its key. */
const escapeLabel = (label: string) => label.replaceAll('&', '&&')

const editMenu: MenuItemConstructorOptions = {
  label: '&Edit',
  submenu: [
    { role: 'undo' },
    { role: 'redo' },
    separator,
    { role: 'cut' },
    { role: 'copy' },
    { role: 'paste' },
    { role: 'delete' },
    { role: 'selectAll' },
  ],
}

function viewMenu({ theme, isDevelopment }: MenuState, actions: MenuActions): MenuItemConstructorOptions {
  const choice = (label: string, value: Theme): MenuItemConstructorOptions => ({
    label,
    type: 'radio',
    checked: theme === value,
    click: () => actions.setTheme(value),
  })
  return {
    label: '&View',
    submenu: [
      command('Library', 'go.library', actions),
      command('Recipes', 'go.recipes', actions),
      command('Runs', 'go.runs', actions),
      command('Compare', 'go.compare', actions),
      separator,
      // The window has the key; the menu shows it. Only macOS takes it here.
      {
        ...command('Command palette', 'view.palette', actions),
        accelerator: 'CmdOrCtrl+K',
        registerAccelerator: false,
      },
      separator,
      {
        label: 'Theme',
        submenu: [choice('As the system', 'system'), choice('Light', 'light'), choice('Dark', 'dark')],
      },
      separator,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      separator,
      { role: 'togglefullscreen' },
      ...(isDevelopment ? [separator, { role: 'reload' } as const, { role: 'toggleDevTools' } as const] : []),
    ],
  }
}

const windowMenu: MenuItemConstructorOptions = { role: 'windowMenu' }

function helpMenu(actions: MenuActions): MenuItemConstructorOptions {
  return {
    role: 'help',
    label: '&Help',
    submenu: [
      { label: 'Documentation', accelerator: 'F1', click: actions.openDocumentation },
      command('Keyboard shortcuts', 'view.shortcuts', actions),
      command('Doctor', 'go.doctor', actions),
      separator,
      { role: 'about' },
    ],
  }
}
