/** Rate-distortion curves in a real Chromium: from a recipe to curves, to a target on them, and back into a recipe. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { probeName } from '../../src/shared/probe-name.ts'
import { axeFaults, chromiumPath } from '../browser/chromium.ts'
import { context, recipe, useWindow } from './double/window.ts'

const byCurves = { use: 'prune', allocation: 'rate-distortion', sparsity: 0.8, additivity: 3 }
const stages = [{ use: 'evaluate' }, byCurves, { use: 'evaluate' }]

/** The machine may have more to do than this test. */
const eventually = <T>(found: () => T | Promise<T>) => expect.poll(found, { timeout: 15_000 })

describe.skipIf(!chromiumPath)('rate-distortion curves', () => {
  const w = useWindow()
  const zerosOf = async (page: Page) => {
    const text = page.locator('.facts div', { hasText: 'Zeros' }).locator('dd')
    return Number(await text.evaluate(element => element.firstChild?.textContent?.replaceAll(',', '')))
  }
  const weights = () => w.studio.prunable.reduce((sum, layer) => sum + layer.weights, 0)
  const measured = async (changes: object = {}) => {
    const { runs } = await w.studio.handlers['run.start'](
      { document: recipe({ stages: [stages[0], { ...byCurves, ...changes }] }) },
      context,
    )
    await eventually(w.areAllFinished).toBe(true)
    return runs[0]!.id
  }

  it('says what curves are where there are none, and measures some', async () => {
    const page = await w.open('#/curves')
    await page.getByRole('heading', { name: 'No curves yet' }).waitFor()
    expect(await axeFaults(page)).toEqual([])
    await page.getByRole('button', { name: 'Measure curves' }).click()
    await page.getByRole('textbox', { name: 'How many samples' }).fill('256')
    await page.getByRole('radio', { name: 'Noise' }).check({ force: true })
    expect(await axeFaults(page)).toEqual([])
    await page.getByRole('button', { name: 'Measure', exact: true }).click()
    await page.getByRole('link', { name: 'Try targets on these curves' }).click()
    await page.getByText('measured on 256 inputs of noise, without data').waitFor()
    expect([...w.studio.details.values()][0]?.recipe.stages[0]).toMatchObject({
      ...{ use: 'prune', allocation: 'rate-distortion', additivity: 20 },
      calibration: { images: 256, choose: 'noise' },
    })
    expect(w.watched.faults).toEqual([])
  })

  it('follows the slider, holds layers by hand, and writes what was set into a recipe', async () => {
    const id = await measured()
    const page = await w.open(`#/curves/${id}`)
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.8 * weights()))
    expect(await page.getByRole('row', { name: /^layer/ }).count()).toBe(18)

    const slider = page.getByRole('slider', { name: 'Sparsity' })
    for (let i = 0; i < 5; i++) await slider.press('ArrowRight')
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.805 * weights()))
    await page.getByRole('textbox', { name: 'Sparsity as a number' }).fill('70')
    await page.keyboard.press('Enter')
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.7 * weights()))

    const row = page.getByRole('row', { name: /^layer2\.0\.conv1/ })
    await page.getByRole('combobox', { name: 'layer2.0.conv1 by hand' }).selectOption('fixed')
    await page.getByRole('textbox', { name: 'Share of zeros of layer2.0.conv1' }).fill('25 %')
    await page.keyboard.press('Enter')
    await eventually(() => row.textContent()).toContain('3,456 of 4,608')
    await page.getByRole('combobox', { name: 'conv1 by hand', exact: true }).selectOption('dense')
    await eventually(() => page.getByRole('row', { name: /^conv1/ }).textContent()).toContain('432 of 432')
    await page.getByRole('combobox', { name: 'linear by hand' }).selectOption('least')
    await page.getByRole('textbox', { name: /linear keeps/ }).fill('600')
    await page.keyboard.press('Enter')
    await page.getByText('3 layers held by hand').waitFor()
    const held = { locks: { 'layer2.0.conv1': 0.25, conv1: 0 }, floors: { linear: 600 } }
    await eventually(() => w.studio.questions.at(-1)).toMatchObject({ sparsity: 0.7, curve: 'worst', ...held })
    // The whole target stays what it was; other layers make up for those that are held.
    expect(await zerosOf(page)).toBe(Math.floor(0.7 * weights()))

    await page.getByRole('radio', { name: 'Mean' }).check({ force: true })
    await page.getByRole('checkbox', { name: 'ERK' }).check()
    await eventually(() => page.getByRole('row', { name: /^ERK/ }).textContent()).toMatch(/ERK.*\d/)
    await page.getByRole('checkbox', { name: 'Curves as a table' }).check()
    expect(await page.getByRole('region', { name: 'Curves, numbers' }).getByRole('row').count()).toBe(21)
    await page.getByText('Rank correlation').waitFor()

    await page.getByRole('button', { name: 'Use in a recipe' }).click()
    await page.getByRole('menuitem', { name: /A new recipe/ }).click()
    await page.getByLabel('Name of the recipe').waitFor()
    const pruning = () => (w.studio.recipes[0]?.document as { stages?: unknown[] } | undefined)?.stages?.[1]
    expect(pruning()).toEqual({
      ...byCurves,
      sparsity: 0.7,
      curve: 'mean',
      ...held,
    })

    // And back: what was set is still there, and goes into a recipe that exists.
    await page.getByRole('link', { name: 'Set target, floors and locks on curves' }).click()
    await page.getByText('3 layers held by hand').waitFor()
    await page.getByRole('button', { name: 'Let the solver choose all' }).click()
    await page.getByRole('button', { name: 'Use in a recipe' }).click()
    await page.getByRole('menuitem', { name: 'Rate-distortion magnitude 70 %' }).click()
    await eventually(pruning).toEqual({ ...byCurves, sparsity: 0.7, curve: 'mean' })
    expect(w.watched.faults).toEqual([])
  })

  it('takes a file size, which is solved at once, and an accuracy, which goes to a recipe', async () => {
    const id = await measured()
    const page = await w.open(`#/curves/${id}`)
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.8 * weights()))
    const prepare = async () => {
      await page.getByRole('button', { name: 'Use in a recipe' }).click()
      await page.getByRole('menuitem', { name: /A new recipe/ }).click()
      await page.getByLabel('Name of the recipe').waitFor()
      return (w.studio.recipes.at(-1)?.document as { stages?: unknown[] } | undefined)?.stages?.[1]
    }
    await page.getByRole('radio', { name: 'MACs' }).check({ force: true })
    await page.getByRole('radio', { name: 'File size' }).check({ force: true })
    // The double's file has 30,000 bytes beside the weights.
    await page.getByRole('textbox', { name: 'Size of the model file as a number' }).fill('300 kB')
    await page.keyboard.press('Enter')
    const zeros = Math.ceil(weights() - (300_000 - 30_000) / 4)
    await eventually(() => zerosOf(page)).toBe(zeros)
    expect(await page.locator('.facts div', { hasText: 'Model file' }).textContent()).toContain('300.0')
    await page.getByRole('slider', { name: 'Size of the model file' }).press('ArrowLeft')
    await eventually(() => zerosOf(page)).toBeGreaterThan(zeros)
    // What cannot be reached is said in bytes, and what is said can be.
    const box = page.getByRole('textbox', { name: 'Size of the model file as a number' })
    await page.getByRole('combobox', { name: 'layer3.2.conv2 by hand' }).selectOption('dense')
    await box.fill('100000')
    await page.keyboard.press('Enter')
    const refused = page
      .getByRole('region', { name: 'Target' })
      .getByText('A model file of 100000 bytes cannot be reached')
    const [, least] = / has (\d+)\./.exec((await refused.textContent()) ?? '') ?? []
    await box.fill(least ?? '')
    await page.keyboard.press('Enter')
    await eventually(() => zerosOf(page)).toBe(Math.ceil(weights() - (Number(least) - 30_000) / 4))
    await page.getByRole('combobox', { name: 'layer3.2.conv2 by hand' }).selectOption('free')
    const { use, allocation, additivity } = byCurves
    const bytes = expect.any(Number)
    expect(await prepare()).toEqual({ use, allocation, additivity, target: { kind: 'file-size', bytes } })

    await page.goBack()
    await page.getByRole('radio', { name: 'Accuracy' }).check({ force: true })
    await page.getByRole('textbox', { name: 'lose at most' }).fill('0.7')
    await page.keyboard.press('Enter')
    await page.getByText('A run finds out').waitFor()
    expect(await page.getByRole('slider').count()).toBe(0)
    await page.getByRole('combobox', { name: 'conv1 by hand', exact: true }).selectOption('dense')
    expect(await axeFaults(page)).toEqual([])
    const stage = { use, allocation, additivity, target: { kind: 'accuracy', lose: 0.007 }, locks: { conv1: 0 } }
    expect(await prepare()).toEqual(stage)

    // Curves of a run that had such a target begin at the sparsity that it came to.
    const { target } = stage
    await page.goto(`${w.served.url}#/curves/${await measured({ sparsity: undefined, target })}`)
    await eventually(() => w.studio.questions.at(-1)?.sparsity).toBeCloseTo(0.25, 3)
    expect(w.watched.faults).toEqual([])
  })

  it('shows which sparsities a search for an accuracy tried, and the run that keeps one', async () => {
    const search = { use: 'prune', allocation: 'lamp', target: { kind: 'accuracy', lose: 0.005 } }
    const start = async (changes: object) => {
      const { runs } = await w.studio.handlers['run.start']({ document: recipe(changes) }, context)
      return runs[0]!.id
    }
    const stagesOfProbe = [
      { use: 'prune', sparsity: 0.25 },
      { use: 'evaluate', split: 'validation' },
    ]
    const kept = await start({ name: probeName('Small', 0.25), stages: stagesOfProbe })
    const id = await start({ name: 'Small', stages: [search, { use: 'evaluate' }] })
    await eventually(w.areAllFinished).toBe(true)
    w.studio.details.get(kept)!.run.triedBy = id
    const page = await w.open(`#/runs/${id}`)
    const tried = page.getByRole('region', { name: 'Sparsities tried' })
    const rows = async () => (await tried.locator('tbody tr').allTextContents()).map(text => text.replace(/\s+/g, ' '))
    await eventually(rows).toEqual([
      expect.stringMatching(/50\.0.%.*88\.0.%.*−8\.0.*loses too much$/),
      expect.stringMatching(/25\.0.%.*95\.8.%.*−0\.2.*taken ?run 1$/),
      expect.stringMatching(/37\.5.%.*out of reach$/),
    ])
    expect(await axeFaults(page)).toEqual([])
    await tried.getByRole('link', { name: 'run 1' }).click()
    await eventually(() => page.url()).toContain(kept)
    await page.getByRole('link', { name: 'tried by run 2' }).click()
    await eventually(() => page.url()).toContain(id)

    // It stands among the runs, with what it was scored on, and leaves the side bar to what was asked for.
    const side = page.getByRole('navigation', { name: 'Main' })
    await side.getByRole('link', { name: /2 Small$/ }).waitFor()
    expect(await side.getByRole('link', { name: /tried/ }).count()).toBe(0)
    await page.goto(`${w.served.url}#/runs`)
    const listed = page.getByRole('row', { name: /tried 25 %/ })
    await eventually(() => listed.textContent()).toMatch(/by run 2.*validation/)
    expect(await page.getByRole('row', { name: /2 Small/ }).textContent()).not.toContain('validation')
    expect(await axeFaults(page)).toEqual([])
    expect(w.watched.faults).toEqual([])
  })

  it('says why a target cannot be met, and is right again when it can', async () => {
    const id = await measured()
    const page = await w.open(`#/curves/${id}`)
    await eventually(() => zerosOf(page)).toBeGreaterThan(0)
    await page.getByRole('combobox', { name: 'layer3.2.conv2 by hand' }).selectOption('dense')
    await page.getByRole('textbox', { name: 'Sparsity as a number' }).fill('95 %')
    await page.keyboard.press('Enter')
    await page.getByText(/The highest sparsity is 0\.8/).waitFor()
    await page.getByRole('button', { name: 'Back to what the run had' }).click()
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.8 * weights()))
    expect(w.watched.faults).toEqual([])
  })

  it('is never left behind by a slider that moves faster than it is answered', async () => {
    const id = await measured()
    w.studio.solveMs = 25
    const page = await w.open(`#/curves/${id}`)
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.8 * weights()))
    await page.locator('#target').evaluate(async (slider: HTMLInputElement) => {
      for (let i = 1; i <= 60; i++) {
        slider.value = String(0.8 + i / 1000)
        slider.dispatchEvent(new Event('input', { bubbles: true }))
        await new Promise(resolve => setTimeout(resolve, 4))
      }
    })
    await eventually(() => zerosOf(page)).toBe(Math.floor(0.86 * weights()))
    // One about the chosen solver, and one about the allocations beside it.
    expect(w.studio.mostQuestionsAtOnce).toBeLessThanOrEqual(2)
    expect(w.watched.faults).toEqual([])
  })

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility, %s', async colorScheme => {
    await w.watched.page.emulateMedia({ colorScheme })
    const id = await measured({ locks: { conv1: 0 } })
    const { id: written } = await w.studio.handlers['recipe.save']({ document: recipe({ stages }) }, context)
    for (const hash of ['#/curves', `#/curves/${id}`, `#/runs/${id}`, `#/recipes/${written}`]) {
      const page = await w.open(hash)
      await page.getByRole('heading', { level: 1 }).or(page.getByLabel('Name of the recipe')).first().waitFor()
      await page.waitForTimeout(400)
      expect(await axeFaults(page), hash).toEqual([])
    }
    expect(w.watched.faults).toEqual([])
  })
})
