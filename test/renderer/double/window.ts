/** The built window in a real Chromium, before each test afresh, with a double of the studio behind it. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { launchChromium, type WatchedPage, watchedPage } from '../../browser/chromium.ts'
import { ensureWindow } from '../../browser/serve.ts'
import { type ServedDouble, serveDouble } from './serve.ts'
import { type DoubleOptions, StudioDouble } from './studio.ts'

export const recipe = (changes: object = {}) => ({
  name: 'Global magnitude 50 %',
  model: { checkpoint: '/data/checkpoints/resnet20-12fca82f.th' },
  data: { path: '/data/cifar10-first1000' },
  stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }],
  ...changes,
})

export const trainingStages = [
  { use: 'evaluate' },
  { use: 'prune', sparsity: 0.8, schedule: { kind: 'gradual', endEpoch: 3 }, train: { epochs: 3 } },
  { use: 'train', epochs: 2 },
  { use: 'evaluate' },
]

/** Of a call. */
export const context = { signal: new AbortController().signal }

export class TestWindow {
  folder = ''
  studio = new StudioDouble()
  served!: ServedDouble
  watched!: WatchedPage

  async open(hash: string): Promise<Page> {
    await this.watched.page.goto(this.served.url + hash)
    return this.watched.page
  }

  /** Another studio in the place of the one that is there. */
  async replaceStudio(options: DoubleOptions): Promise<void> {
    this.studio = new StudioDouble(options)
    await this.served.close()
    this.served = await serveDouble(this.studio, this.folder)
  }

  readonly areAllFinished = (): boolean => [...this.studio.details.values()].every(d => d.run.state === 'finished')
}

/** Inside a `describe`: what is built once for all test files and opened before each of its tests. */
export function useWindow(): TestWindow {
  const w = new TestWindow()
  let browser: Browser
  let browserContext: BrowserContext
  beforeAll(async () => {
    w.folder = await ensureWindow()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
  })
  beforeEach(async () => {
    w.studio = new StudioDouble({ stepMs: 5 })
    w.served = await serveDouble(w.studio, w.folder)
    browserContext = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    w.watched = await watchedPage(browserContext)
  })
  afterEach(async () => {
    await browserContext.close()
    await w.served.close()
  })
  return w
}
