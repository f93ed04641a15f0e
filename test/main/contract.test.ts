/** The contract over the desktop's pipe: the connection that a window gets from the main process. */
import { beforeEach, vi } from 'vitest'
import { homeOf } from '../../src/main/app-scheme.ts'
import { setupIpc } from '../../src/main/ipc.ts'
import { portOf } from '../../src/main/port.ts'
import { createProjects } from '../../src/main/projects.ts'
import { createWindows } from '../../src/main/windows.ts'
import { channels } from '../../src/shared/bridge.ts'
import { createClient } from '../../src/shared/rpc.ts'
import { type Connect, contractSuite } from '../shared/contract-suite.ts'
import { type FakePort, ipcMain, resetElectron } from './fake-electron.ts'

vi.mock('electron', () => import('./fake-electron.ts'))

beforeEach(resetElectron)

const connect: Connect = async studio => {
  const home = homeOf(undefined)
  const windows = createWindows(home, async () => {})
  // Connecting uses neither grants nor dialogs nor settings.
  setupIpc({ home, windows } as Parameters<typeof setupIpc>[0])
  // The main process listens too; the cases count the listeners that clients are.
  let isFirst = true
  const onEvent: typeof studio.onEvent = listener => {
    if (!isFirst) return studio.onEvent(listener)
    isFirst = false
    return () => {}
  }
  const projects = createProjects(async () => ({ ...studio, onEvent, has: () => false, close: async () => {} }))
  const window = windows.open(await projects.open('/p/a.espalier'))
  const port = await new Promise<FakePort>(resolve => {
    const postMessage = (_channel: string, _message: unknown, [port]: FakePort[]) => port && resolve(port)
    const senderFrame = { origin: home.origin, url: home.url, parent: null, postMessage }
    ipcMain.emit(channels.connect, { sender: window.webContents, senderFrame })
  })
  // A page that is reloaded loses its port without a word.
  return { client: createClient(portOf(port as never)), cut: () => port.close() }
}

contractSuite('the MessagePort of a desktop window', connect)
