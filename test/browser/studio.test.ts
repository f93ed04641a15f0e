/**
 * The whole way of a person in a real Chromium, through `espalier serve` and a real engine: both inputs dropped, recipes
 * written, runs watched, compared, reloaded; then processes killed. Screenshots stay in test-results/screenshots.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeCifar, makeModel } from '../cli/made-inputs.ts'
import { hasEngine } from '../has-engine.ts'
import { axeFaults, chromiumPath, keepScreenshot, launchChromium, type WatchedPage, watchedPage } from './chromium.ts'
import { ensureWindow, type Serving, startServe } from './serve.ts'

const shared = join(import.meta.dirname, '../../../shared/data')
const oneShotFile = join(import.meta.dirname, '../fixtures/engine/one-shot.json')
const hasRealData = existsSync(shared)
/** Kernels of a ResNet-8 with option A: 432 + 2 x 2,304 + 4,608 + 9,216 + 18,432 + 36,864, and 640 of the last layer. */
const resnet8Weights = 74_800
const uiWaitMs = 30_000

// Each of these works real runs, beside whatever else the machine does.
describe.skipIf(!chromiumPath || !hasEngine)('a person at the window', { timeout: 240_000 }, () => {
  let browser: Browser
  let inputs: string
  let folder: string
  let serving: Serving | undefined
  let context: BrowserContext
  let watched: WatchedPage

  beforeAll(async () => {
    await ensureWindow()
    browser = await launchChromium()
    inputs = mkdtempSync(join(tmpdir(), 'espalier-inputs-'))
    makeCifar(join(inputs, 'tiny-cifar'), { train: 3000, test: 200 })
    makeModel(join(inputs, 'resnet8.safetensors'))
    writeFileSync(join(inputs, 'notes.bin'), 'These are notes, not pictures.\n'.repeat(200))
  })
  afterAll(async () => {
    await browser.close()
    rmSync(inputs, { recursive: true, force: true })
  })
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-browser-'))
    serving = await startServe(folder)
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    context.setDefaultTimeout(uiWaitMs)
    watched = await watchedPage(context)
    await watched.page.goto(serving.url)
  })
  afterEach(async () => {
    await context.close()
    await serving?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Files or folders from outside the browser, as the system hands them over. */
  async function drop(page: Page, ...files: string[]): Promise<void> {
    const debug = await page.context().newCDPSession(page)
    const data = { items: [], files, dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await debug.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data })
    }
    await debug.detach()
  }

  async function importBoth(page: Page): Promise<void> {
    await page.getByText('Drop a checkpoint or a data set').waitFor()
    await drop(page, join(inputs, 'tiny-cifar'))
    await page.getByRole('heading', { name: 'tiny-cifar' }).waitFor()
    await drop(page, join(inputs, 'resnet8.safetensors'))
    await page.getByRole('heading', { name: /^resnet8/ }).waitFor()
  }

  const field = (page: Page, name: string) => page.getByRole('textbox', { name })
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  /** Of the run that is open. */
  const state = (page: Page, word: string | RegExp) => page.locator('.view-head').getByText(word, { exact: true })
  const cellsOf = async (page: Page, name: string) => {
    const texts = await page.getByRole('row', { name }).first().getByRole('cell').allTextContents()
    return texts.map(text => text.trim())
  }
  const runRow = (page: Page, name: RegExp) => page.getByRole('row', { name }).first()

  async function runAndFinish(page: Page): Promise<void> {
    await press(page, 'Run')
    await page.getByRole('list', { name: 'Stages' }).waitFor()
    await state(page, 'Finished').waitFor({ timeout: 60_000 })
  }

  it('imports both, writes two recipes, runs them, compares them, and finds all of it again', async () => {
    const { page, faults } = watched
    const accessibility: string[] = []
    const look = async (name: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.waitForTimeout(350)
        await keepScreenshot(page, `${name}-${colorScheme}`)
        accessibility.push(...(await axeFaults(page)).map(fault => `${name}, ${colorScheme}: ${fault}`))
      }
    }

    await page.getByText('Drop a checkpoint or a data set').waitFor()
    await look('1-empty-library')
    await drop(page, join(inputs, 'tiny-cifar'))
    await page.getByRole('heading', { name: 'tiny-cifar' }).waitFor()
    await page.getByText('3,000 samples').waitFor()
    await page.getByText('200 samples').waitFor()
    expect(await page.getByRole('img', { name: /sample$/ }).count()).toBeGreaterThanOrEqual(20)
    // The pictures are drawn: byte k of picture i is (7 i + 3 k) mod 256, the red plane first.
    const red = await page
      .getByRole('img', { name: /Training sample$/ })
      .first()
      .evaluate(canvas => [...((canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, 3, 1).data ?? [])])
    expect([red[4], red[8]].map((value, i) => ((value ?? 0) - (red[0] ?? 0) + 256) % 256 === 3 * (i + 1))).toEqual([
      true,
      true,
    ])
    await look('2-data-set')
    await drop(page, join(inputs, 'resnet8.safetensors'))
    await page.getByRole('heading', { name: /^resnet8/ }).waitFor()
    await page.getByText('resnet8-a', { exact: true }).waitFor()
    await look('3-model')

    await page.getByRole('main').getByRole('button', { name: 'New recipe' }).click()
    await page.getByText('Ready to run').waitFor()
    await field(page, 'Sparsity').fill('0.7')
    await look('4-recipe')
    await runAndFinish(page)
    const zeros = Math.floor(0.7 * resnet8Weights)
    const total = page.getByRole('row', { name: /^All \d+ layers/ })
    expect(await total.textContent()).toContain(zeros.toLocaleString('en-US'))
    await page.getByText('70.0\u202f% zeros').waitFor()
    await look('5-run')

    await page.getByRole('navigation').getByRole('link', { name: 'Global magnitude 70 %', exact: true }).first().click()
    await press(page, 'Duplicate this recipe')
    await expect.poll(() => page.getByLabel('Name of the recipe').inputValue()).toBe('Global magnitude 70 % (copy)')
    await page.getByRole('combobox', { name: 'Allocation' }).selectOption('uniform')
    await page.getByLabel('Name of the recipe').fill('Uniform, seventy')
    await runAndFinish(page)
    await press(page, 'Compare')
    await page.getByRole('navigation').getByRole('link', { name: /^Runs/ }).click()
    await page.getByRole('checkbox', { name: 'Choose run 1' }).check()
    await look('6-runs')
    await press(page, 'Compare 2')
    await runRow(page, /Global magnitude 70 %/).waitFor()
    await runRow(page, /Uniform, seventy/).waitFor()
    expect(await page.getByRole('img', { name: /^Accuracy against sparsity of 2 runs/ }).count()).toBe(1)
    await page.getByRole('columnheader', { name: 'Prune: allocation' }).waitFor()
    await look('7-compare')

    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'CSV')])
    expect(download.suggestedFilename()).toBe('compare.csv')

    await page.reload()
    await runRow(page, /Uniform, seventy/).waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'Doctor' }).click()
    await page.getByRole('heading', { name: 'TensorFlow loads' }).waitFor()

    // Closed and opened again: all is still there.
    await serving?.end()
    serving = await startServe(folder)
    await page.goto(serving.url)
    await page
      .getByRole('navigation')
      .getByRole('link', { name: /2 Uniform, seventy$/ })
      .click()
    await state(page, 'Finished').waitFor()
    expect(accessibility).toEqual([])
    expect(faults.filter(fault => !/WebSocket|ERR_CONNECTION_REFUSED/.test(fault))).toEqual([])
  })

  it('loses nothing on reload, shows the same in a second window, and stops within a batch', async () => {
    const { page, faults } = watched
    await page.getByRole('button', { name: 'Open the sample project' }).click()
    await page.getByRole('link', { name: 'Glyphs, dense' }).first().click()
    // More than this test, on however slow a machine, can wait for.
    await field(page, 'Epochs').fill('100')
    await press(page, 'Run')
    const progress = (where: Page) => where.getByRole('progressbar', { name: 'Stage 1, Train' })
    const share = async (where: Page) => Number(await progress(where).getAttribute('aria-valuenow'))
    await expect.poll(() => share(page), { timeout: uiWaitMs }).toBeGreaterThan(0)
    const before = await share(page)
    await page.reload()
    await expect.poll(() => share(page), { timeout: uiWaitMs }).toBeGreaterThanOrEqual(before)

    const second = await watchedPage(context)
    await second.page.goto(page.url())
    await expect.poll(() => share(second.page), { timeout: uiWaitMs }).toBeGreaterThanOrEqual(before)
    await second.page.getByText('samples/s').first().waitFor()

    const began = performance.now()
    await press(page, 'Stop')
    await state(page, 'Stopped').waitFor()
    // It ended by itself: a process that does not is ended after ten seconds.
    expect(performance.now() - began).toBeLessThan(10_000)
    await state(second.page, 'Stopped').waitFor()
    await page.getByText('Queue empty').waitFor()
    await page.reload()
    await state(page, 'Stopped').waitFor()
    expect([...faults, ...second.faults]).toEqual([])
  })

  it('sends a folder of many images whole, however deep they lie', async () => {
    const { page, faults } = watched
    const pixels = { width: 8, height: 8, channels: 3, background: { r: 200, g: 30, b: 90 } } as const
    const picture = await sharp({ create: pixels }).png().toBuffer()
    // More than a directory reader of the browser hands over at once (100).
    for (const [split, count] of [
      ['train', 130],
      ['test', 5],
    ] as const) {
      for (const name of ['cat', 'dög']) {
        const place = join(folder, 'animals', split, name)
        mkdirSync(place, { recursive: true })
        for (let i = 0; i < count; i++) writeFileSync(join(place, `${i} of ${count}.png`), picture)
      }
    }
    await page.getByText('Drop a checkpoint or a data set').waitFor()
    await drop(page, join(folder, 'animals'))
    await page.getByRole('heading', { name: 'animals' }).waitFor()
    await page.getByText('260 samples').waitFor()
    await page.getByText('10 samples').waitFor()
    await page.getByRole('rowheader', { name: 'dög' }).waitFor()
    expect(faults).toEqual([])
  })

  it('refuses what it cannot read in one sentence, and keeps the library as it was', async () => {
    const { page, faults } = watched
    await page.getByText('Drop a checkpoint or a data set').waitFor()
    await page.locator('input[data-kind="file"]').setInputFiles(join(inputs, 'notes.bin'))
    const alert = page.getByRole('alert')
    await alert.getByText('notes.bin was not imported').waitFor()
    expect(await alert.locator('.message').textContent()).toContain('notes.bin')
    expect(await alert.textContent()).toMatch(/file\.|dataset\./)
    await page.getByPlaceholder(/path on this machine/).fill('/nowhere/at all')
    await page.keyboard.press('Enter')
    await page.getByText('/nowhere/at all was not imported').waitFor()
    await page.reload()
    await page.getByText('Drop a checkpoint or a data set').waitFor()
    expect(await page.getByRole('table').count()).toBe(0)
    expect(faults).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')('tells the truth after a killed run and after a killed server', async () => {
    const { page } = watched
    await importBoth(page)
    await page.getByRole('main').getByRole('button', { name: 'New recipe' }).click()
    await page.getByRole('radio', { name: 'Training' }).first().check({ force: true })
    await field(page, 'Batch').first().fill('1')
    await press(page, 'Run')
    const progress = page.getByRole('progressbar', { name: 'Stage 1, Evaluate' })
    await expect
      .poll(async () => Number(await progress.getAttribute('aria-valuenow')), { timeout: uiWaitMs })
      .toBeGreaterThan(1)
    for (const pid of serving?.children() ?? []) process.kill(pid, 'SIGKILL')
    await state(page, /^(Failed|Interrupted)$/).waitFor()
    await page.getByText('run.died').waitFor()
    await keepScreenshot(page, '8-killed-run')

    await press(page, 'Run again')
    await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^2/)
    await expect
      .poll(async () => Number(await progress.getAttribute('aria-valuenow')), { timeout: uiWaitMs })
      .toBeGreaterThan(1)
    await serving?.kill()
    await page.getByText('The studio does not answer').waitFor()
    await keepScreenshot(page, '9-killed-server')

    serving = await startServe(folder)
    await page.goto(`${serving.url}#/runs`)
    await expect.poll(() => page.getByRole('row', { name: /magnitude/ }).count(), { timeout: uiWaitMs }).toBe(2)
    expect(await page.getByRole('row', { name: /Interrupted|Failed/ }).count()).toBe(2)
    await page.getByText('Queue empty').waitFor()
  })

  it('trains the sample project: draws it, pauses and resumes it, and opens a layer of what was pruned', async () => {
    const { page, faults } = watched
    await page.getByRole('button', { name: 'Open the sample project' }).click()
    await page.getByRole('link', { name: 'Glyphs, gradual' }).first().click()
    // Shorter than the sample is: one epoch, then two that prune.
    await field(page, 'Epochs').first().fill('1')
    await field(page, 'Epochs').nth(1).fill('2')
    await field(page, 'Epochs').nth(1).blur()
    await page.getByText('Ready to run').waitFor()
    await press(page, 'Run')
    const loss = page.getByRole('img', { name: /^Loss over/ })
    await loss.waitFor({ timeout: 60_000 })
    await press(page, 'Pause')
    await state(page, 'Paused').waitFor()
    await keepScreenshot(page, '10-paused')
    await press(page, 'Resume')
    await page
      .locator('.view-head')
      .getByText(/^resumed/)
      .waitFor()
    await page.getByRole('img', { name: /^Sparsity of \d+ layers at \d+ moments/ }).waitFor({ timeout: 180_000 })
    await state(page, 'Finished').waitFor({ timeout: 180_000 })
    // One row an epoch, none twice and none missing, although the run was interrupted.
    const epochs = page.getByRole('region', { name: 'Epochs' }).locator('tbody tr')
    expect(await epochs.count()).toBe(3)
    expect(await epochs.first().textContent()).toContain('80.0')
    // The stages have 71 steps an epoch: 4,500 samples in batches of 64.
    await page.getByRole('button', { name: 'Loss as a table' }).click()
    await page.getByText(`${3 * 71} rows`).waitFor()
    await page.getByRole('button', { name: 'Loss as a table' }).click()
    await page.getByRole('button', { name: 'layer3.0.conv2' }).click()
    await page.getByRole('img', { name: /^Histogram of/ }).waitFor()
    await page.getByRole('img', { name: /^Which weights of layer3.0.conv2 are zero/ }).waitFor()
    const accessibility: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(350)
      await keepScreenshot(page, `11-trained-${colorScheme}`)
      accessibility.push(...(await axeFaults(page)))
    }
    expect(accessibility).toEqual([])
    expect(faults).toEqual([])
  })

  it.skipIf(!hasRealData)(
    'prunes ResNet-20 on CIFAR-10 globally and uniformly, and shows what PyTorch gets',
    async () => {
      const { page, faults } = watched
      await page.getByText('Drop a checkpoint or a data set').waitFor()
      await page.locator('input[data-kind="folder"]').setInputFiles(join(shared, 'cifar10-first1000'))
      await page.getByRole('heading', { name: 'cifar10-first1000' }).waitFor()
      await keepScreenshot(page, 'real-1-data-set')
      await page
        .getByRole('navigation')
        .getByRole('link', { name: /^Library/ })
        .click()
      await page.getByPlaceholder(/path on this machine/).fill(join(shared, 'checkpoints/resnet20-12fca82f.th'))
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: /^resnet20/ }).waitFor()
      await page.getByText('269,722').waitFor()
      await page.getByText('40.6\u202fM').first().waitFor()
      await page.getByRole('main').getByRole('button', { name: 'New recipe' }).click()
      await press(page, 'Several sparsities')
      await field(page, 'Sparsities').fill('0.3 0.5 0.7')
      await page.locator('input[value="uniform"]').check()
      await press(page, 'Run 6 runs')
      await page.getByRole('heading', { name: 'Compare' }).waitFor()
      await page.getByText('1 running').waitFor()
      await page.getByText('Queue empty').waitFor({ timeout: 180_000 })
      // All six are scored as they are: none in italics for a model that was changed since.
      await page.getByRole('img', { name: /^Accuracy against sparsity of 6 runs/ }).waitFor()
      // Zeros are exact; accuracies within three images of a thousand of PyTorch with the same counts.
      const expected = JSON.parse(readFileSync(oneShotFile, 'utf8'))['resnet20-a'] as Record<string, number>
      for (const [name, key, zeros] of [
        ['Global magnitude 30 %', 'global0.3', 80_500],
        ['Global magnitude 50 %', 'global0.5', 134_168],
        ['Global magnitude 70 %', 'global0.7', 187_835],
        ['Uniform magnitude 30 %', 'uniform0.3', 80_493],
        ['Uniform magnitude 50 %', 'uniform0.5', 134_168],
        ['Uniform magnitude 70 %', 'uniform0.7', 187_824],
      ] as const) {
        const row = await cellsOf(page, name)
        expect(row, name).toContain(zeros.toLocaleString('en-US'))
        const accuracy = Number.parseFloat(row.find(cell => cell.endsWith('%')) ?? '')
        expect(Math.abs(accuracy * 10 - (expected[key] ?? Number.NaN)), `${name}: ${accuracy} %`).toBeLessThanOrEqual(3)
      }
      await page.mouse.move(720, 300)
      await page.waitForTimeout(600)
      await keepScreenshot(page, 'real-2-compare')
      expect(faults).toEqual([])
    },
  )
})
