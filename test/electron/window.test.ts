/**
 * The desktop window as a person meets it. With an Electron binary: the real thing. Without one: the built main process on
 * the stand-in, and the built window in a real Chromium with the bridge that the preload would give it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { _electron, type ElectronApplication } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { electronBinary, noWindowBecause } from '../../scripts/lib/electron.mjs'
import { channels, type DesktopBridge, portMessage } from '../../src/shared/bridge.ts'
import { describeEngine } from '../../src/studio/engine-version.ts'
import { chromiumPath, keepScreenshot, launchChromium, watchedPage } from '../browser/chromium.ts'
import { buildDesktop, buildFolder } from './build.ts'
import { writeCheckpoint, writeDataset } from './inputs.ts'
import { importAndRun } from './journey.ts'

type BridgedWindow = Window & { espalier?: DesktopBridge<File> }

const hasEngine = (await describeEngine()) !== null
const binary = electronBinary()
// Root needs --no-sandbox, which Playwright gives; a display it cannot give.
const hasElectron = binary !== null && !noWindowBecause({ ...process, env: process.env, isRoot: false })
const build = buildFolder('desktop-window')
const folder = mkdtempSync(join(tmpdir(), 'espalier-window-'))
const [dataset, checkpoint] = [join(folder, 'colours'), join(folder, 'small.safetensors')]
const user = (name: string) => join(folder, name)
const environment = (name: string) =>
  ({ ...process.env, ESPALIER_DATA: join(user(name), 'data') }) as Record<string, string>

beforeAll(async () => {
  if (!hasElectron && !chromiumPath) return
  writeDataset(dataset)
  writeCheckpoint(checkpoint)
  await buildDesktop(build, { withWindow: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!hasElectron)('the Electron window (needs the Electron binary and a display)', () => {
  let application: ElectronApplication
  beforeAll(async () => {
    application = await _electron.launch({
      executablePath: binary ?? '',
      args: [join(build, 'main/index.js'), `--user-data-dir=${user('electron')}`],
      env: environment('electron'),
    })
  })
  afterAll(() => application?.close())

  it('is sandboxed and isolated, under its own scheme and policy', async () => {
    const page = await application.firstWindow()
    await page.getByRole('heading', { name: 'Library' }).waitFor()
    expect(page.url()).toMatch(/^app:\/\/studio\/index\.html/)
    const seen = await page.evaluate(async () => ({
      members: Object.keys((window as BridgedWindow).espalier ?? {}).sort(),
      isFrozen: Object.isFrozen((window as BridgedWindow).espalier),
      globals: ['require', 'process', 'module', 'Buffer', 'ipcRenderer'].filter(name => name in window),
      policy: (await fetch('app://studio/index.html')).headers.get('content-security-policy'),
      above: (await fetch('app://studio/..%2fmain%2findex.js')).status,
      popup: window.open('https://example.org/'),
      evaluated: await new Promise(resolve => {
        document.addEventListener('securitypolicyviolation', () => resolve('refused'), { once: true })
        const script = document.createElement('script')
        script.textContent = 'document.title = "attacked"'
        document.body.append(script)
      }),
    }))
    expect(seen).toEqual({
      members: ['chooseFile', 'connect', 'grantForFile', 'platform', 'setTheme'],
      isFrozen: true,
      globals: [],
      policy: expect.stringContaining("default-src 'none'"),
      above: 403,
      popup: null,
      evaluated: 'refused',
    })
    // Neither a page of the disk nor one of the net takes the window over.
    for (const url of ['file:///etc/passwd', 'https://example.org/']) {
      await page.evaluate(target => window.location.assign(target), url)
      await page.waitForTimeout(200)
      expect(page.url()).toMatch(/^app:\/\/studio\/index\.html/)
    }
  })

  it.skipIf(!hasEngine)('imports by dialog and file, runs a recipe, survives a reload (needs an engine)', async () => {
    const page = await application.firstWindow()
    await importAndRun(page, {
      dataset,
      checkpoint,
      answerDialog: path =>
        application.evaluate(({ dialog }, chosen) => {
          dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
        }, path),
    })
    await page.reload()
    await page.getByText('Finished').first().waitFor()
    await keepScreenshot(page, 'electron-window')
  })

  it('opens a second window on the same project', async () => {
    const [second] = await Promise.all([
      application.waitForEvent('window'),
      application.evaluate(({ Menu }) => {
        const project = Menu.getApplicationMenu()?.items.find(item => item.label === '&Project')
        project?.submenu?.items.find(item => item.label === 'New window')?.click()
      }),
    ])
    await second.getByRole('navigation', { name: 'Main' }).waitFor()
    expect(second.url()).toMatch(/^app:\/\/studio\/index\.html/)
  })
})

describe.skipIf(!chromiumPath || !hasEngine)('the desktop window in Chromium (needs Chromium and an engine)', () => {
  it('imports by dialog and grant, runs a recipe, survives a reload, without a fault', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'serve.ts'), build, user('chromium')], {
      env: environment('chromium'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [port] = await once(createInterface({ input: child.stdout }), 'line')
    const address = `http://127.0.0.1:${port}`
    const ask = async (question: unknown) => {
      const response = await fetch(address, { method: 'POST', body: JSON.stringify(question) })
      return (await response.json()) as never
    }
    const browser = await launchChromium()
    try {
      const { page, faults } = await watchedPage(await browser.newContext())
      // Chromium keeps the path of a file to itself; Electron's `getPathForFile` is stood in for by its name.
      await page.exposeFunction('askHost', (question: { invoke: [string, string] }) =>
        ask(
          question.invoke[0] === channels.grant
            ? { invoke: [channels.grant, join(folder, question.invoke[1])] }
            : question,
        ),
      )
      await page.addInitScript(
        ({ channels, portMessage }) => {
          const askHost = (window as unknown as { askHost(question: unknown): Promise<never> }).askHost
          const bridge: DesktopBridge<File> = {
            platform: 'linux',
            connect() {
              const { port1, port2 } = new MessageChannel()
              const socket = new WebSocket(location.origin.replace('http', 'ws'))
              const waiting: string[] = []
              socket.onopen = () => {
                for (const text of waiting) socket.send(text)
              }
              socket.onmessage = event => port1.postMessage(JSON.parse(event.data))
              socket.onclose = () => port1.close()
              port1.onmessage = event => {
                const text = JSON.stringify(event.data)
                if (socket.readyState === WebSocket.OPEN) socket.send(text)
                else waiting.push(text)
              }
              window.postMessage(portMessage, '/', [port2])
            },
            grantForFile: file => askHost({ invoke: [channels.grant, file.name] }),
            chooseFile: kind => askHost({ invoke: [channels.choose, kind] }),
            setTheme() {},
          }
          Object.assign(window, { espalier: Object.freeze(bridge) })
        },
        { channels, portMessage },
      )
      await page.goto(`${address}/index.html`)
      await importAndRun(page, { dataset, checkpoint, answerDialog: path => ask({ dialog: [path] }) })
      await page.reload()
      await page.getByText('Finished').first().waitFor()
      await keepScreenshot(page, 'desktop-window')
      expect(faults).toEqual([])
      const { notifications, progress } = (await ask({ asked: true })) as {
        notifications: unknown[]
        progress: { value: number }[]
      }
      expect(notifications.length).toBe(1)
      expect(progress.at(-1)?.value).toBe(-1)
    } finally {
      await browser.close()
      const ended = once(child, 'exit')
      await ask({ quit: true })
      expect(await ended).toEqual([0, null])
    }
  })
})
