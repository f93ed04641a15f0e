/** The bridge as the page meets it: named functions only, and nothing of Electron behind them. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { channels, commandMessage, type DesktopBridge, portMessage } from '../../src/shared/bridge.ts'

const { exposed, sent, invoked, listeners, posted } = vi.hoisted(() => ({
  exposed: new Map<string, unknown>(),
  sent: [] as unknown[][],
  invoked: [] as unknown[][],
  listeners: new Map<string, (event: unknown, ...args: unknown[]) => void>(),
  posted: [] as unknown[][],
}))
let answer: unknown = null

vi.mock('electron', () => ({
  contextBridge: { exposeInMainWorld: (key: string, api: unknown) => exposed.set(key, api) },
  ipcRenderer: {
    send: (...message: unknown[]) => sent.push(message),
    invoke: async (...message: unknown[]) => {
      invoked.push(message)
      return answer
    },
    on: (channel: string, listener: (event: unknown, ...args: unknown[]) => void) => listeners.set(channel, listener),
  },
  webUtils: { getPathForFile: (file: { path?: string }) => file.path ?? '' },
}))

vi.stubGlobal('window', { postMessage: (...message: unknown[]) => posted.push(message) })
await import('../../src/preload/index.ts')
const bridge = exposed.get('espalier') as DesktopBridge<{ name: string; path?: string }>

describe('the bridge', () => {
  beforeEach(() => {
    for (const list of [sent, invoked, posted]) list.length = 0
  })

  it('is one object with these members', () => {
    expect([...exposed.keys()]).toEqual(['espalier'])
    expect(Object.keys(bridge).sort()).toEqual(['chooseFile', 'connect', 'grantForFile', 'platform', 'setTheme'])
    expect(bridge.platform).toBe(process.platform)
  })

  it('asks on the channels of the contract only', async () => {
    bridge.connect()
    bridge.setTheme('dark')
    await bridge.chooseFile('folder')
    expect(sent).toEqual([[channels.connect], [channels.theme, 'dark']])
    expect(invoked).toEqual([[channels.choose, 'folder']])
    expect([...listeners.keys()].sort()).toEqual([channels.command, channels.port].sort())
  })

  it('turns a file of the disk into a grant; the page never sees the path', async () => {
    answer = 'grant-1'
    expect(await bridge.grantForFile({ name: 'a.pt', path: '/data/a.pt' })).toBe('grant-1')
    expect(invoked).toEqual([[channels.grant, '/data/a.pt']])
  })

  it('refuses a file without a path, and asks nobody about it', async () => {
    await expect(bridge.grantForFile({ name: 'made.pt' })).rejects.toThrow('"made.pt" is not a file on this machine')
    expect(invoked).toEqual([])
    answer = null
    await expect(bridge.grantForFile({ name: 'a.pt', path: 'relative' })).rejects.toThrow('"a.pt"')
  })

  it('hands the port to its own page, and no event of Electron with it', () => {
    const port = { name: 'port' }
    listeners.get(channels.port)?.({ ports: [port], sender: 'ipcRenderer' })
    expect(posted).toEqual([[portMessage, '/', [port]]])
  })

  it('passes commands of the menu on', () => {
    listeners.get(channels.command)?.({ sender: 'ipcRenderer' }, 'go.doctor')
    expect(posted).toEqual([[{ type: commandMessage, id: 'go.doctor' }, '/']])
  })
})
