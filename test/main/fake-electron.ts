/// <reference types="electron-vite/node" />
/**
 * The part of Electron that `src/main` uses, without a binary: events are Node's, ports are Node's MessageChannel, and
 * what the application asks of the system is written down in `asked`. `vi.mock('electron', () => import(this file))`.
 */
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** What was asked of the system, in order, and what it will answer. */
export const asked = {
  external: [] as string[],
  progress: [] as { value: number; mode: string | undefined }[],
  notifications: [] as { title?: string; body?: string }[],
  recentDocuments: [] as string[],
  messageBoxes: [] as { message: string; detail?: string; buttons?: string[] }[],
  openDialogs: [] as { defaultPath?: string; properties?: string[] }[],
  saveDialogs: [] as { defaultPath?: string }[],
  quits: 0,
}

export const answers = {
  /** Buttons of the message boxes to come, by index. */
  messageBox: [] as number[],
  openDialog: [] as string[][],
  saveDialog: [] as string[],
  /** Whether this instance is the first. */
  hasLock: true,
}

class App extends EventEmitter {
  isPackaged = false
  lockData: unknown
  paths: Record<string, string> = { userData: '/user', documents: '/documents', downloads: '/downloads', logs: '/logs' }
  getPath = (name: string) => this.paths[name] ?? `/${name}`
  setPath = (name: string, path: string) => {
    this.paths[name] = path
  }
  getAppPath = () => '/app'
  whenReady = async () => {}
  enableSandbox = () => {}
  setAppUserModelId = () => {}
  setAboutPanelOptions = () => {}
  getVersion = () => '0.0.0'
  requestSingleInstanceLock = (data: unknown) => {
    this.lockData = data
    return answers.hasLock
  }
  addRecentDocument = (path: string) => asked.recentDocuments.push(path)
  clearRecentDocuments = () => {
    asked.recentDocuments = []
  }
  /** As Electron does it: ask, close the windows, end. */
  quit = () => {
    const event = cancellable()
    this.emit('before-quit', event)
    if (event.defaultPrevented) return
    for (const window of [...openWindows]) window.close()
    if (openWindows.size === 0) asked.quits++
  }
}
export const app = new App()

export function cancellable<T extends object>(fields = {} as T) {
  return {
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true
    },
    ...fields,
  }
}

export class FakeContents extends EventEmitter {
  readonly sent: unknown[][] = []
  reloads = 0
  openHandler: ((details: { url: string }) => { action: string }) | undefined
  send = (...message: unknown[]) => void this.sent.push(message)
  reload = () => void this.reloads++
  isDestroyed = () => false
  setWindowOpenHandler = (handler: (details: { url: string }) => { action: string }) => {
    this.openHandler = handler
  }
}

const openWindows = new Set<BrowserWindow>()

export class BrowserWindow extends EventEmitter {
  static fromWebContents = (contents: FakeContents) =>
    [...openWindows].find(window => window.webContents === contents) ?? null
  readonly webContents = new FakeContents()
  readonly options: { name: string; webPreferences: Record<string, unknown>; [key: string]: unknown }
  loaded: string[] = []
  isFront = false
  isGone = false

  constructor(options: BrowserWindow['options']) {
    super()
    this.options = options
    openWindows.add(this)
    app.emit('browser-window-created', {}, this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  loadURL = async (url: string) => void this.loaded.push(url)
  setRepresentedFilename = () => {}
  setProgressBar = (value: number, options?: { mode: string }) => asked.progress.push({ value, mode: options?.mode })
  isFocused = () => this.isFront
  isMinimized = () => false
  isDestroyed = () => this.isGone
  restore = () => {}
  show = () => {}
  focus = () => {
    for (const window of openWindows) window.isFront = false
    this.isFront = true
  }
  close = () => {
    const event = cancellable()
    this.emit('close', event)
    if (!event.defaultPrevented) this.destroy()
  }
  destroy = () => {
    if (this.isGone) return
    this.isGone = true
    openWindows.delete(this)
    this.emit('closed')
    if (openWindows.size === 0) app.emit('window-all-closed')
  }
}

class IpcMain extends EventEmitter {
  readonly handlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>()
  handle = (channel: string, handler: (event: unknown, ...args: unknown[]) => unknown) =>
    void this.handlers.set(channel, handler)
  /** What `ipcRenderer.invoke` meets: Electron refuses a channel that nobody handles. */
  invoke = async (channel: string, event: unknown, ...args: unknown[]) => {
    const handler = this.handlers.get(channel)
    if (!handler) throw new Error(`No handler registered for '${channel}'`)
    return handler(event, ...args)
  }
}
export const ipcMain = new IpcMain()

class PortMain extends EventEmitter {
  readonly #port: MessagePort
  constructor(port: MessagePort) {
    super()
    this.#port = port
    port.on('close', () => this.emit('close'))
  }
  start = () => {
    this.#port.on('message', data => this.emit('message', { data, ports: [] }))
  }
  postMessage = (message: unknown) => this.#port.postMessage(message)
  close = () => this.#port.close()
}

export class MessageChannelMain {
  readonly port1: PortMain
  readonly port2: PortMain
  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new PortMain(port1)
    this.port2 = new PortMain(port2)
  }
}
export type FakePort = PortMain

export const dialog = {
  async showMessageBox(...args: unknown[]) {
    asked.messageBoxes.push(args.at(-1) as (typeof asked.messageBoxes)[number])
    return { response: answers.messageBox.shift() ?? 0, checkboxChecked: false }
  },
  async showOpenDialog(...args: unknown[]) {
    asked.openDialogs.push(args.at(-1) as (typeof asked.openDialogs)[number])
    const filePaths = answers.openDialog.shift() ?? []
    return { canceled: filePaths.length === 0, filePaths }
  },
  async showSaveDialog(...args: unknown[]) {
    asked.saveDialogs.push(args.at(-1) as (typeof asked.saveDialogs)[number])
    const filePath = answers.saveDialog.shift() ?? ''
    return { canceled: filePath === '', filePath }
  },
}

export const shell = {
  openExternal: async (url: string) => void asked.external.push(url),
  openPath: async () => '',
}

export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false }

export const crashReporter = { start: () => {} }

export const Menu = {
  current: undefined as unknown,
  buildFromTemplate: (template: unknown) => template,
  setApplicationMenu(menu: unknown) {
    this.current = menu
  },
}

export class Notification extends EventEmitter {
  static last: Notification | undefined
  static isSupported = () => true
  readonly options: { title?: string; body?: string }
  constructor(options: { title?: string; body?: string }) {
    super()
    this.options = options
    Notification.last = this
  }
  show = () => asked.notifications.push(this.options)
}

export const powerMonitor = new EventEmitter()

export const powerSaveBlocker = {
  running: new Set<number>(),
  next: 1,
  start(kind: string) {
    if (kind !== 'prevent-app-suspension') throw new Error(kind)
    this.running.add(this.next)
    return this.next++
  },
  stop(id: number) {
    this.running.delete(id)
  },
}

interface Scheme {
  scheme: string
  privileges: Record<string, boolean>
}
export const protocol = {
  schemes: [] as Scheme[],
  handlers: new Map<string, (request: Request) => Promise<Response>>(),
  registerSchemesAsPrivileged(schemes: Scheme[]) {
    this.schemes = schemes
  },
  handle(scheme: string, handler: (request: Request) => Promise<Response>) {
    this.handlers.set(scheme, handler)
  },
}

class Session extends EventEmitter {
  permissionRequest:
    | ((
        contents: unknown,
        permission: string,
        answer: (isAllowed: boolean) => void,
        details: { requestingUrl: string; isMainFrame: boolean },
      ) => void)
    | undefined
  permissionCheck: ((contents: unknown, permission: string, origin: string) => boolean) | undefined
  devicePermission: (() => boolean) | undefined
  beforeRequest: ((request: { url: string }, answer: (response: { cancel: boolean }) => void) => void) | undefined
  webRequest = {
    onBeforeRequest: (listener: Session['beforeRequest']) => {
      this.beforeRequest = listener
    },
  }
  setPermissionRequestHandler = (handler: Session['permissionRequest']) => {
    this.permissionRequest = handler
  }
  setPermissionCheckHandler = (handler: Session['permissionCheck']) => {
    this.permissionCheck = handler
  }
  setDevicePermissionHandler = (handler: Session['devicePermission']) => {
    this.devicePermission = handler
  }
}
export const session = { defaultSession: new Session() }

export class FakeUtilityProcess extends EventEmitter {
  pid: number | undefined
  stdout: PassThrough | null = new PassThrough()
  stderr: PassThrough | null = new PassThrough()
  readonly posted: unknown[] = []
  kills = 0
  postMessage = (message: unknown) => void this.posted.push(message)
  kill = () => {
    this.kills++
    return true
  }
  /** As Electron does it: listeners are taken off the outputs once `exit` was emitted. */
  exit(code: number) {
    this.emit('exit', code)
    this.pid = undefined
    this.stdout?.removeAllListeners()
    this.stderr?.removeAllListeners()
    this.stdout = null
    this.stderr = null
  }
}

export const utilityProcess = {
  forks: [] as { entry: string; options: Record<string, unknown>; child: FakeUtilityProcess }[],
  fork(entry: string, _args: string[], options: Record<string, unknown>) {
    const child = new FakeUtilityProcess()
    this.forks.push({ entry, options, child })
    return child
  },
}

export function resetElectron(): void {
  for (const emitter of [app, ipcMain, powerMonitor, session.defaultSession]) emitter.removeAllListeners()
  for (const window of [...openWindows]) window.removeAllListeners()
  openWindows.clear()
  ipcMain.handlers.clear()
  protocol.handlers.clear()
  powerSaveBlocker.running.clear()
  utilityProcess.forks.length = 0
  Menu.current = undefined
  nativeTheme.themeSource = 'system'
  app.isPackaged = false
  Object.assign(answers, { messageBox: [], openDialog: [], saveDialog: [], hasLock: true })
  Object.assign(asked, {
    external: [],
    progress: [],
    notifications: [],
    recentDocuments: [],
    messageBoxes: [],
    openDialogs: [],
    saveDialogs: [],
    quits: 0,
  })
}
