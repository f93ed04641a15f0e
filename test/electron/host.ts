/** Starts the built main process in this process, on the stand-in for Electron. */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { portOf } from '../../src/main/port.ts'
import { channels } from '../../src/shared/bridge.ts'
import type { Port } from '../../src/shared/rpc.ts'

export type StandIn = typeof import('./stand-in.ts')

export interface Host {
  readonly electron: StandIn
  /** What a window's preload does: `ipcRenderer.invoke`. */
  invoke(channel: string, ...args: unknown[]): Promise<unknown>
  /** A connection, as the window gets one. */
  connect(): Promise<Port>
  /** Resolves when the application has ended. */
  quit(): Promise<void>
}

/** `build` is the folder of the build, `user` that of the person. Resolves when the first window is there. */
export async function startHost(build: string, user: string): Promise<Host> {
  const standIn = pathToFileURL(join(import.meta.dirname, 'stand-in.ts')).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context),
  })
  const electron = (await import(standIn)) as StandIn
  Object.assign(electron.app.paths, { userData: user, logs: join(user, 'logs'), documents: user })
  const opened = Promise.withResolvers<InstanceType<StandIn['BrowserWindow']>>()
  // In the next turn: the event comes while the window is being made.
  electron.app.on('browser-window-created', (_event, window) => setImmediate(() => opened.resolve(window)))
  await import(pathToFileURL(join(build, 'main/index.js')).href)
  const sender = (await opened.promise).webContents
  const senderFrame = { origin: 'app://studio', url: 'app://studio/index.html', parent: null }

  return {
    electron,
    invoke: (channel, ...args) => electron.ipcMain.invoke(channel, { sender, senderFrame }, ...args),
    connect: () =>
      new Promise(resolve => {
        const postMessage = (_channel: string, _message: unknown, [port]: never[]) => resolve(portOf(port as never))
        electron.ipcMain.emit(channels.connect, { sender, senderFrame: { ...senderFrame, postMessage } })
      }),
    async quit() {
      electron.app.quit()
      while (electron.asked.quits === 0) await new Promise(resolve => setTimeout(resolve, 20))
    },
  }
}
