/** A real Chromium, where the machine has one; a page that remembers everything that went wrong in it; axe. */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge']
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

const isExecutable = (path: string) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** `$CHROME`, or the first common name on the path; undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env['CHROME']
  if (named) return isExecutable(named) ? named : undefined
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [...folders.flatMap(folder => names.map(name => join(folder, name))), ...places].find(isExecutable)
}

export const chromiumPath = findChromium()
export const screenshotFolder = join(import.meta.dirname, '../../test-results/screenshots')

export function launchChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error('there is no Chromium; the test should have been skipped')
  return chromium.launch({
    executablePath: chromiumPath,
    // Nothing leaves the machine; a container has neither a sandbox to nest nor a GPU.
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}

export interface WatchedPage {
  readonly page: Page
  /** Console errors, uncaught exceptions and violations of the content security policy so far. */
  readonly faults: string[]
}

export async function watchedPage(context: BrowserContext): Promise<WatchedPage> {
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', error => faults.push(`uncaught: ${error.message}`))
  await page.exposeFunction('reportViolation', (text: string) => faults.push(`content security policy: ${text}`))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      const report = (window as unknown as { reportViolation(text: string): void }).reportViolation
      report(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
    })
  })
  return { page, faults }
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Serious and critical faults of accessibility, as sentences; of all rules, or of those named. */
export async function axeFaults(page: Page, rules: readonly string[] = []): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  const { readFile } = await import('node:fs/promises')
  await page.evaluate(await readFile(axePath, 'utf8'))
  return page.evaluate(async (only: readonly string[]) => {
    interface Axe {
      run(options: unknown): Promise<{
        violations: { id: string; impact: string; help: string; nodes: { html: string; failureSummary: string }[] }[]
      }>
    }
    const { axe } = window as unknown as { axe: Axe }
    const { violations } = await axe.run({
      resultTypes: ['violations'],
      ...(only.length > 0 && { runOnly: { type: 'rule', values: only } }),
    })
    return violations
      .filter(v => v.impact === 'serious' || v.impact === 'critical')
      .flatMap(v =>
        v.nodes.map(
          node =>
            `${v.id} (${v.impact}): ${v.help}: ${node.html.slice(0, 200)} — ${node.failureSummary.replaceAll('\n', ' ')}`,
        ),
      )
  }, rules)
}

export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotFolder, { recursive: true })
  await page.screenshot({ path: join(screenshotFolder, `${name}.png`) })
}
