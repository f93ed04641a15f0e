/** A federation in the built window in a real Chromium, with a double of the studio behind it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chromiumPath } from '../browser/chromium.ts'
import { context, recipe, useWindow } from './double/window.ts'

describe.skipIf(!chromiumPath)('a federation, in Chromium', () => {
  const w = useWindow()
  const stages = [{ use: 'federate', clients: 4, rounds: 5, pruning: { mode: 'salience', keep: 0.3 } }]

  it('shows its rounds, its bytes, who holds what and what was sent, and all of it as a table', async () => {
    const { runs } = await w.studio.handlers['run.start']({ document: recipe({ stages }) }, context)
    const page = await w.open(`#/runs/${runs[0]?.id}`)
    await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
    await page.getByRole('heading', { name: 'Federation' }).waitFor()
    await page.getByRole('img', { name: /^Accuracy over 5 rounds.*left out 1 time\./ }).waitFor()
    await page.getByRole('img', { name: /^Accuracy against bytes: 17\.6.MB in all/ }).waitFor()
    await page.getByRole('img', { name: /^Samples of 10 classes at 4 clients/ }).waitFor()
    const sent = (round: number) => page.getByRole('img', { name: new RegExp(`clients of round ${round} sent`) })
    await sent(5).waitFor()
    const round = page.getByRole('spinbutton', { name: 'Round whose uploads are drawn' })
    await round.fill('2')
    await round.press('Enter')
    await sent(2).waitFor()
    await round.fill('99')
    await round.press('Enter')
    await sent(5).waitFor()
    expect(await round.inputValue()).toBe('5')
    await page.getByRole('checkbox', { name: 'Federation as a table' }).check()
    const table = page.getByRole('region', { name: 'Rounds and clients, numbers' })
    expect(await table.getByRole('row').count()).toBe(1 + 5 * 4)
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      page
        .locator('section', { has: page.getByRole('heading', { name: 'Federation' }) })
        .getByRole('button', { name: 'CSV' })
        .click(),
    ])
    expect(readFileSync(await csv.path(), 'utf8')).toContain(
      '2,0.3,0.78125,2,dropped,0,,0,1080000,It was not heard of again.',
    )
    expect(w.watched.faults).toEqual([])
  })
  it('draws its rounds while it works, and after a reload and a stop those that are done', async () => {
    let allowed = 1
    w.studio.beforeStep = async step => {
      while (step > allowed) await new Promise(resolve => setTimeout(resolve, 5))
    }
    const { runs } = await w.studio.handlers['run.start']({ document: recipe({ stages }) }, context)
    const id = runs[0]!.id
    const page = await w.open(`#/runs/${id}`)
    // A client a step: the first of four is done.
    await page.getByText('No round is done yet').waitFor()
    await page.getByRole('img', { name: /^Samples of 10 classes at 4 clients/ }).waitFor()
    await page.getByRole('progressbar', { name: 'Round 1 of 5' }).waitFor()
    await page.getByText('client 2 in training, 1 of 4 clients done').waitFor()

    allowed = 5
    await page.getByRole('img', { name: /^Accuracy over 1 round\. The server stands at 15\.0/ }).waitFor()
    await page.getByText(/^4 clients, 1 of 5 rounds, 1\.4.MB up/).waitFor()
    await page.getByRole('img', { name: /clients of round 1 sent/ }).waitFor()
    await page.getByRole('progressbar', { name: 'Round 2 of 5' }).waitFor()

    allowed = 9
    await page.getByRole('img', { name: /^Accuracy over 2 rounds.*left out 1 time\./ }).waitFor()
    await page.reload()
    await page.getByRole('img', { name: /^Accuracy over 2 rounds.*left out 1 time\./ }).waitFor()
    await page.getByRole('progressbar', { name: 'Round 3 of 5' }).waitFor()

    const stopping = w.studio.handlers['run.stop']({ id }, context)
    allowed = 10
    await stopping
    await page.getByText(/^4 clients, 2 of 5 rounds, .*; stopped$/).waitFor()
    await page.getByRole('progressbar', { name: 'Round' }).waitFor({ state: 'detached' })
    await page.getByRole('checkbox', { name: 'Federation as a table' }).check()
    const table = page.getByRole('region', { name: 'Rounds and clients, numbers' })
    expect(await table.getByRole('row').count()).toBe(1 + 2 * 4)
    expect(w.watched.faults).toEqual([])
  })
})
