/** What a hostile page, file or link may try, and what comes of it. Each test tells the attack. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { homeOf, registerAppScheme, setupAppScheme } from '../../src/main/app-scheme.ts'
import { createGrants, type Grants } from '../../src/main/grants.ts'
import { setupIpc } from '../../src/main/ipc.ts'
import { setupNavigation } from '../../src/main/navigation.ts'
import { setupDownloads, setupNetwork, setupPermissions } from '../../src/main/permissions.ts'
import { createProjects } from '../../src/main/projects.ts'
import type { Settings, SettingsStore } from '../../src/main/settings.ts'
import { createWindows } from '../../src/main/windows.ts'
import { type ChooserKind, channels } from '../../src/shared/bridge.ts'
import {
  asked,
  type BrowserWindow,
  FakeContents as Contents,
  cancellable,
  type FakeContents,
  type FakePort,
  ipcMain,
  protocol,
  resetElectron,
  session,
} from './fake-electron.ts'
import { fakeStudio, settled } from './samples.ts'

vi.mock('electron', () => import('./fake-electron.ts'))

const home = homeOf(undefined)

interface FakeFrame {
  origin: string
  url: string
  parent: unknown
  posted: { channel: string; ports: FakePort[] }[]
  postMessage(channel: string, message: unknown, ports: FakePort[]): void
}

function frame(change: Partial<FakeFrame> = {}): FakeFrame {
  const posted: FakeFrame['posted'] = []
  return {
    origin: 'app://studio',
    url: 'app://studio/index.html',
    parent: null,
    posted,
    postMessage: (channel, _message, ports) => void posted.push({ channel, ports }),
    ...change,
  }
}

function settingsStore(): SettingsStore {
  let settings: Settings = { theme: 'system', recentProjects: [], lastFolders: {} }
  return {
    get: () => settings,
    update: change => {
      settings = { ...settings, ...change }
    },
    onChange: () => {},
  }
}

describe('a page that attacks', () => {
  let contents: FakeContents
  let grants: Grants
  let settings: SettingsStore
  let dialogsShown: ChooserKind[]
  let studio: ReturnType<typeof fakeStudio>

  beforeEach(async () => {
    resetElectron()
    grants = createGrants()
    settings = settingsStore()
    dialogsShown = []
    studio = fakeStudio()
    setupNavigation(home)
    setupPermissions(home)
    setupNetwork(home)
    setupDownloads(home, settings)
    const windows = createWindows(home, async () => {})
    setupIpc({
      home,
      windows,
      grants,
      settings,
      dialogs: {
        chooseSource: async kind => {
          dialogsShown.push(kind)
          return '/data/chosen.pt'
        },
      },
    })
    const project = await createProjects(async () => studio).open('/p/a.espalier')
    contents = (windows.open(project) as unknown as BrowserWindow).webContents
  })

  const from = (senderFrame: FakeFrame | null, sender: FakeContents = contents) => ({ sender, senderFrame })

  describe('over the messages to the main process', () => {
    it('the window itself is answered', async () => {
      const ours = frame()
      ipcMain.emit(channels.connect, from(ours))
      expect(ours.posted.map(({ channel, ports }) => [channel, ports.length])).toEqual([[channels.port, 1]])
      const grant = await ipcMain.invoke(channels.grant, from(frame()), '/data/model.pt')
      expect(grants.resolve(grant as string)).toBe('/data/model.pt')
      const chosen = (await ipcMain.invoke(channels.choose, from(frame()), 'file')) as { grant: string; name: string }
      expect([chosen.name, grants.resolve(chosen.grant)]).toEqual(['chosen.pt', '/data/chosen.pt'])
      expect(dialogsShown).toEqual(['file'])
      ipcMain.emit(channels.theme, from(frame()), 'dark')
      expect(settings.get().theme).toBe('dark')
    })

    const strangers: [string, FakeFrame | null][] = [
      ['a frame of another origin', frame({ origin: 'https://example.org', url: 'https://example.org/' })],
      ['a frame inside our page', frame({ parent: frame() })],
      ['a frame that has navigated away', null],
      ['a page of the disk', frame({ origin: 'file://', url: 'file:///tmp/evil.html' })],
    ]
    it.each(strangers)('%s is refused everywhere', async (_name, stranger) => {
      ipcMain.emit(channels.connect, from(stranger))
      ipcMain.emit(channels.theme, from(stranger), 'dark')
      await expect(ipcMain.invoke(channels.grant, from(stranger), '/etc/shadow')).rejects.toThrow('may not ask')
      await expect(ipcMain.invoke(channels.choose, from(stranger), 'file')).rejects.toThrow('may not ask')
      expect(stranger?.posted ?? []).toEqual([])
      expect(settings.get().theme).toBe('system')
      expect(dialogsShown).toEqual([])
      expect(studio.listeners()).toBe(1)
    })

    it('a page that is in none of our windows is refused, even with our origin', async () => {
      const other = frame()
      ipcMain.emit(channels.connect, from(other, new Contents()))
      expect(other.posted).toEqual([])
      await expect(ipcMain.invoke(channels.grant, from(frame(), new Contents()), '/a')).rejects.toThrow('may not ask')
    })

    it('there are no other channels than those of the bridge', async () => {
      expect([...ipcMain.handlers.keys(), ...ipcMain.eventNames()].sort()).toEqual(
        [channels.choose, channels.connect, channels.grant, channels.theme].sort(),
      )
      for (const channel of ['fs', 'shell.openExternal', 'espalier:resolve', '__proto__']) {
        await expect(ipcMain.invoke(channel, from(frame()))).rejects.toThrow('No handler')
      }
    })

    it('arguments of another type are refused', async () => {
      for (const path of [undefined, null, 7, {}, ['/a'], '', 'x'.repeat(40_000)]) {
        await expect(ipcMain.invoke(channels.grant, from(frame()), path)).rejects.toThrow()
      }
      expect(await ipcMain.invoke(channels.grant, from(frame()), '../relative')).toBeNull()
      await expect(ipcMain.invoke(channels.choose, from(frame()), 'multiSelections')).rejects.toThrow()
      expect(dialogsShown).toEqual([])
      for (const theme of ['purple', null, { toString: () => 'dark' }])
        ipcMain.emit(channels.theme, from(frame()), theme)
      expect(settings.get().theme).toBe('system')
    })

    it('an unknown call over the port is answered with an error, nonsense closes the port', async () => {
      const ours = frame()
      ipcMain.emit(channels.connect, from(ours))
      const port = ours.posted[0]?.ports[0]
      if (!port) throw new Error('a port was handed out')
      const answers: unknown[] = []
      let isClosed = false
      port.on('message', ({ data }: { data: unknown }) => answers.push(data))
      port.on('close', () => {
        isClosed = true
      })
      port.start()
      port.postMessage({ type: 'call', id: 1, name: 'fs.readFile', params: { path: '/etc/passwd' } })
      port.postMessage({ type: 'call', id: 2, name: 'constructor', params: {} })
      await settled()
      expect(answers).toMatchObject([
        { type: 'error', id: 1, error: { code: 'contract.unknown-call' } },
        { type: 'error', id: 2, error: { code: 'contract.unknown-call' } },
      ])
      expect(studio.listeners()).toBe(2)
      port.postMessage({ type: 'eval', code: '1' })
      await settled()
      expect(isClosed).toBe(true)
      expect(studio.listeners()).toBe(1)
    })
  })

  describe('by navigating', () => {
    const blocked = (event: string, url: string, isMainFrame = true) => {
      const asking = cancellable({ url, isMainFrame })
      contents.emit(event, asking)
      return asking.defaultPrevented
    }

    it.each(['will-navigate', 'will-frame-navigate', 'will-redirect'])('is stopped at %s', event => {
      for (const url of [
        'file:///etc/passwd',
        'https://example.org/',
        'app://studio/assets/x.svg',
        'javascript:alert(1)',
        'data:text/html,x',
      ])
        expect([url, blocked(event, url)]).toEqual([url, true])
      // A reload stays.
      expect(blocked(event, 'app://studio/index.html#/runs/2')).toBe(false)
      // Even our page has no business in a frame.
      expect(blocked(event, 'app://studio/index.html', false)).toBe(true)
    })

    it('by window.open gets no window, and only links to papers reach the browser', () => {
      const open = (url: string) => contents.openHandler?.({ url }).action
      for (const url of [
        'app://studio/index.html',
        'about:blank',
        'file:///etc/passwd',
        'https://example.org/',
        'smb://host/share',
      ])
        expect([url, open(url)]).toEqual([url, 'deny'])
      expect(asked.external).toEqual([])
      expect(open('https://arxiv.org/abs/1510.00149')).toBe('deny')
      expect(asked.external).toEqual(['https://arxiv.org/abs/1510.00149'])
    })

    it('by a <webview> gets none', () => {
      const attach = cancellable()
      contents.emit('will-attach-webview', attach, {}, {})
      expect(attach.defaultPrevented).toBe(true)
    })
  })

  describe('by asking Chromium', () => {
    const { defaultSession } = session
    const request = (permission: string, requestingUrl: string, isMainFrame = true) => {
      const answers: boolean[] = []
      const details = { requestingUrl, isMainFrame }
      defaultSession.permissionRequest?.(contents, permission, answer => answers.push(answer), details)
      return answers[0]
    }

    it('gets no permission, but to copy text', () => {
      const url = 'app://studio/index.html'
      for (const permission of [
        'media',
        'geolocation',
        'clipboard-read',
        'notifications',
        'fileSystem',
        'openExternal',
      ]) {
        expect(request(permission, url)).toBe(false)
        expect(defaultSession.permissionCheck?.(contents, permission, 'app://studio')).toBe(false)
      }
      expect(request('clipboard-sanitized-write', url)).toBe(true)
      expect(request('clipboard-sanitized-write', url, false)).toBe(false)
      expect(request('clipboard-sanitized-write', 'https://example.org/')).toBe(false)
      expect(request('clipboard-sanitized-write', '')).toBe(false)
      expect(defaultSession.permissionCheck?.(null, 'clipboard-sanitized-write', '')).toBe(false)
      expect(defaultSession.devicePermission?.()).toBe(false)
    })

    it('reaches neither the net nor the disk', () => {
      const isStopped = (url: string) => {
        const answers: boolean[] = []
        defaultSession.beforeRequest?.({ url }, ({ cancel }) => answers.push(cancel))
        return answers[0]
      }
      for (const url of [
        'https://example.org/pixel.png',
        'http://127.0.0.1:80/',
        'wss://example.org/',
        'file:///etc/passwd',
      ])
        expect([url, isStopped(url)]).toEqual([url, true])
      for (const url of [
        'app://studio/index.html',
        'blob:app://studio/1',
        'data:image/png;base64,',
        'devtools://devtools/',
      ])
        expect([url, isStopped(url)]).toEqual([url, false])
    })

    it('saves what it made, and downloads nothing', () => {
      const download = (url: string) => {
        const event = cancellable()
        const options: { defaultPath?: string }[] = []
        defaultSession.emit('will-download', event, {
          getURL: () => url,
          getFilename: () => 'runs.csv',
          setSaveDialogOptions: (given: { defaultPath?: string }) => options.push(given),
          getSavePath: () => '/tables/runs.csv',
          once: (_name: string, done: (event: unknown, state: string) => void) => done({}, 'completed'),
        })
        return event.defaultPrevented ? 'refused' : options[0]?.defaultPath
      }
      expect(download('blob:app://studio/0a1b')).toBe('/downloads/runs.csv')
      // The next one starts where the last one went.
      expect(download('blob:app://studio/0a1c')).toBe('/tables/runs.csv')
      expect(download('https://example.org/a.exe')).toBe('refused')
      expect(download('app://studio/index.html')).toBe('refused')
    })
  })
})

describe('the window', () => {
  it('has a sandboxed, isolated page without Node', async () => {
    resetElectron()
    const project = await createProjects(async () => fakeStudio()).open('/p/a.espalier')
    const { options, loaded } = createWindows(home, async () => {}).open(project) as unknown as BrowserWindow
    expect(options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
    })
    expect(options.webPreferences['preload']).toMatch(/preload\/index\.cjs$/)
    expect(loaded).toEqual(['app://studio/index.html'])
  })
})

describe('the scheme', () => {
  it('is standard and secure, and does not get around the policy', () => {
    registerAppScheme()
    expect(protocol.schemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    ])
  })

  it('serves the folder of the window and nothing above it', async () => {
    setupAppScheme(import.meta.dirname)
    const handler = protocol.handlers.get('app')
    const status = async (url: string) => (await handler?.({ url, method: 'GET' } as Request))?.status
    expect(await status('app://studio/attacks.test.ts')).toBe(200)
    expect(await status('app://studio/..%2fmain%2fattacks.test.ts')).toBe(200)
    expect(await status('app://studio/..%2f..%2fpackage.json')).toBe(403)
    expect(await status('app://studio/..%2ftsconfig.json')).toBe(403)
  })
})
