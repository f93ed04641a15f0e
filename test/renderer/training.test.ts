/** A run that trains, in the built window in a real Chromium with a double of the studio behind it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chromiumPath } from '../browser/chromium.ts'
import { context, recipe, trainingStages, useWindow } from './double/window.ts'

describe.skipIf(!chromiumPath)('a run that trains, in Chromium', () => {
  const w = useWindow()

  it('draws training as it goes, on one axis with one cursor, with the numbers behind it', async () => {
    const { runs } = await w.studio.handlers['run.start']({ document: recipe({ stages: trainingStages }) }, context)
    const page = await w.open(`#/runs/${runs[0]?.id}`)
    await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
    const chart = (name: string) => page.getByRole('img', { name: new RegExp(`^${name} over`) })
    for (const name of ['Loss', 'Accuracy', 'Learning rate']) await chart(name).waitFor()
    // Fifteen steps of the stage that prunes, ten of the one that trains.
    await page.getByRole('button', { name: 'Loss as a table' }).click()
    await page.getByText('25 rows').waitFor()
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('region', { name: 'Loss, numbers' })
        .locator('xpath=..')
        .getByRole('button', { name: 'CSV' })
        .click(),
    ])
    const lines = readFileSync(await csv.path(), 'utf8')
      .trim()
      .split('\r\n')
    expect(lines[0]).toBe('stage,step,step of all stages,loss,valLoss')
    expect(lines.length).toBe(26)
    expect(lines[5]?.split(',')).toEqual(['2', '5', '5', '1', '1.8'])
    expect(await page.getByRole('region', { name: 'Epochs' }).getByRole('row').count()).toBe(6)

    // All curves at once: every point that was recorded.
    const saved = async (item: string) => {
      await page.getByRole('button', { name: 'All curves' }).click()
      const coming = page.waitForEvent('download')
      await page.getByRole('menuitem', { name: item }).click()
      const file = await coming
      return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') }
    }
    const points = w.studio.details.get(runs[0]?.id ?? '')?.metrics.length ?? 0
    const all = await saved('Save as CSV')
    expect(all.name).toBe('run-1-curves.csv')
    expect(all.text.trim().split('\r\n')).toHaveLength(points + 1)
    const curves = JSON.parse((await saved('Save as JSON')).text) as { metric: string; steps: number[] }[]
    expect(curves.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(points)
    expect(curves.map(({ metric }) => metric)).toContain('learningRate')

    // The cursor of one chart is that of all: the readings are of the epoch under it.
    await page.getByRole('radio', { name: 'Epoch' }).check({ force: true })
    const box = await chart('Accuracy').boundingBox()
    if (!box) throw new Error('the chart is there')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.getByText(/^epoch [23]$/).waitFor()
    await page.getByRole('radio', { name: 'Sparsity' }).check({ force: true })
    await page.getByRole('checkbox', { name: 'log y' }).check()
    await page.reload()
    expect(await page.getByRole('checkbox', { name: 'log y' }).isChecked()).toBe(true)
    expect(await page.getByRole('radio', { name: 'Sparsity' }).isChecked()).toBe(true)
    expect(w.watched.faults).toEqual([])
  })

  it('marks where a number was none', async () => {
    w.studio.nextRunError = { code: 'run.not-finite', message: 'In step 3 of epoch 1, the loss is NaN.' }
    const { runs } = await w.studio.handlers['run.start']({ document: recipe({ stages: trainingStages }) }, context)
    const page = await w.open(`#/runs/${runs[0]?.id}`)
    await page.getByText('the loss is NaN').waitFor()
    await page.getByRole('img', { name: /^Loss over step: .*; not a number at 2\./ }).waitFor()
    expect(w.watched.faults).toEqual([])
  })

  it('shows sparsity over time, and opens a layer: its history, its weights, its zeros as a picture', async () => {
    const { runs } = await w.studio.handlers['run.start']({ document: recipe({ stages: trainingStages }) }, context)
    const page = await w.open(`#/runs/${runs[0]?.id}`)
    await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
    await page.getByRole('img', { name: 'Sparsity of 20 layers at 16 moments' }).waitFor()
    await page.getByRole('button', { name: 'layer1.0.conv1' }).click()
    const layer = page.getByRole('region', { name: 'Layer layer1.0.conv1' })
    await layer.getByText('24 zeros, 33.3').waitFor()
    // Two input channels with kernels of 3 x 3 across, four output channels downwards; weight 1 is none, weight 2 the first.
    const pixels = await layer.getByRole('img', { name: /^Which weights/ }).evaluate(element => {
      const canvas = element as HTMLCanvasElement
      const row = canvas.getContext('2d')?.getImageData(0, 0, 3, 1).data ?? []
      return {
        width: canvas.width,
        height: canvas.height,
        colors: [0, 4, 8].map(at => [...row.slice(at, at + 3)].join()),
      }
    })
    expect([pixels.width, pixels.height]).toEqual([6, 12])
    expect(pixels.colors[1]).toBe(pixels.colors[2])
    expect(pixels.colors[0]).not.toBe(pixels.colors[1])
    await layer.getByRole('checkbox', { name: 'Weights as a table' }).check()
    expect(await layer.getByRole('row').allTextContents()).toContain('0.5116')
    await layer.getByRole('button', { name: 'Close layer1.0.conv1' }).click()
    expect(await layer.count()).toBe(0)
    expect(w.watched.faults).toEqual([])
  })

  it('pauses a run and resumes it, and says so', async () => {
    await w.replaceStudio({ stepMs: 250 })
    const { runs } = await w.studio.handlers['run.start']({ document: recipe({ stages: trainingStages }) }, context)
    const page = await w.open(`#/runs/${runs[0]?.id}`)
    const state = (word: string) => page.locator('.view-head').getByText(word, { exact: true })
    await state('Running').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await state('Paused').waitFor()
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Resume' }).click()
    await state('Running').waitFor()
    await page
      .locator('.view-head')
      .getByText(/^resumed/)
      .waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await state('Stopped').waitFor()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect(w.watched.faults).toEqual([])
  })
})
