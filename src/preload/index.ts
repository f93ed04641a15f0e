/**
 * The desktop's bridge: one frozen object with named functions. Nothing of Electron reaches the page, neither
 * `ipcRenderer` nor an event of it, and a path goes from here to the main process without the page seeing it.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import {
  type ChooserKind,
  channels,
  commandMessage,
  type DesktopBridge,
  portMessage,
  type Theme,
} from '../shared/bridge.ts'

const bridge: DesktopBridge<File> = {
  platform: process.platform as DesktopBridge['platform'],
  connect: () => ipcRenderer.send(channels.connect),
  async grantForFile(file) {
    const path = webUtils.getPathForFile(file)
    // A file that a page made, or one dragged out of a browser, has no path.
    const grant: string | null = path ? await ipcRenderer.invoke(channels.grant, path) : null
    if (grant === null) throw new Error(`"${file.name}" is not a file on this machine's disk; save it there first.`)
    return grant
  },
  chooseFile: (kind: ChooserKind) => ipcRenderer.invoke(channels.choose, kind),
  setTheme: (theme: Theme) => ipcRenderer.send(channels.theme, theme),
}

// A MessagePort cannot pass the bridge; a message of the window to itself ('/': its own origin) can carry it.
ipcRenderer.on(channels.port, event => window.postMessage(portMessage, '/', [...event.ports]))
ipcRenderer.on(channels.command, (_event, id: unknown) => window.postMessage({ type: commandMessage, id }, '/'))

contextBridge.exposeInMainWorld('espalier', bridge)
