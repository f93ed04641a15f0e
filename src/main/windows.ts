/** The windows, and which project each of them looks at. */
import { join } from 'node:path'
import { BrowserWindow, nativeTheme, type WebContents } from 'electron'
import icon from '../../resources/icon.png?asset'
import { type CommandId, channels } from '../shared/bridge.ts'
import type { ShowFault } from './faults.ts'
import type { Project } from './projects.ts'
import type { Home } from './trust.ts'

export interface Windows {
  open(project: Project): BrowserWindow
  /** Brings a window of the project to the front; opens one if there is none. */
  show(project: Project): void
  of(project: Project): readonly BrowserWindow[]
  all(): readonly BrowserWindow[]
  /** Where a message came from; undefined for any page that is not one of ours. */
  find(contents: WebContents): { readonly window: BrowserWindow; readonly project: Project } | undefined
  /** The window in front, else the one opened last. */
  current(): BrowserWindow | undefined
  currentProject(): Project | undefined
  command(window: BrowserWindow, id: CommandId): void
  /** `listener` may prevent the event, and the window stays. One listener. */
  onClose(listener: (window: BrowserWindow, project: Project, event: { preventDefault(): void }) => void): void
  /** The window is gone. One listener. */
  onClosed(listener: (project: Project) => void): void
}

/** Behind the page until its own style has loaded: `--frame` of the window's tokens. */
const backgrounds = { light: '#eef1ec', dark: '#0f1310' }

export function createWindows(home: Home, showFault: ShowFault): Windows {
  const open = new Map<BrowserWindow, { readonly project: Project; readonly name: string }>()
  let onClose: Parameters<Windows['onClose']>[0] = () => {}
  let onClosed: Parameters<Windows['onClosed']>[0] = () => {}

  const windows: Windows = {
    open(project) {
      const name = freeName([...open.values()].map(entry => entry.name))
      const window = new BrowserWindow(windowOptions(name))
      open.set(window, { project, name })
      if (process.platform === 'darwin') window.setRepresentedFilename(project.path)
      window.once('ready-to-show', () => window.show())
      window.on('close', event => onClose(window, project, event))
      window.on('closed', () => {
        open.delete(window)
        onClosed(project)
      })
      window.loadURL(home.url).catch(error => {
        // Closed before it was loaded.
        if (window.isDestroyed()) return
        window.show()
        void showFault(error, window)
      })
      return window
    },
    show(project) {
      const [window] = windows.of(project)
      if (!window) return void windows.open(project)
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
    },
    of: project => [...open].filter(([, entry]) => entry.project === project).map(([window]) => window),
    all: () => [...open.keys()],
    find(contents) {
      const [found] = [...open].filter(([window]) => window.webContents === contents)
      return found && { window: found[0], project: found[1].project }
    },
    current: () => [...open.keys()].find(window => window.isFocused()) ?? [...open.keys()].at(-1),
    currentProject() {
      const window = windows.current()
      return window && open.get(window)?.project
    },
    command: (window, id) => window.webContents.send(channels.command, id),
    onClose: listener => {
      onClose = listener
    },
    onClosed: listener => {
      onClosed = listener
    },
  }
  return windows
}

function windowOptions(name: string): Electron.BrowserWindowConstructorOptions {
  return {
    name,
    windowStatePersistence: true,
    width: 1360,
    height: 860,
    minWidth: 480,
    minHeight: 400,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light,
    icon,
    webPreferences: {
      preload: join(import.meta.dirname, '../preload/index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      // A file dropped beside the drop zone must not replace the page.
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  }
}

/** Size and place are remembered by name, and a name can be in use once: the first window, the second ... */
export function freeName(taken: readonly string[]): string {
  let number = 1
  while (taken.includes(`studio-${number}`)) number++
  return `studio-${number}`
}
