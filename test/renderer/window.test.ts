/** The built window in a real Chromium with a double of the studio behind it: what is hard to bring about with a real one. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { axeFaults, chromiumPath } from '../browser/chromium.ts'
import { serveDouble } from './double/serve.ts'
import { context, recipe, trainingStages, useWindow } from './double/window.ts'

describe.skipIf(!chromiumPath)('the window in Chromium', () => {
  const w = useWindow()
  const save = async (document: object = recipe()) => w.studio.handlers['recipe.save']({ document }, context)
  const saved = (id: string) => w.studio.recipes.find(r => r.id === id)?.document as ReturnType<typeof recipe>

  it('edits a recipe: values, order, undo, autosave, and a name that follows', async () => {
    const { id } = await save()
    const page = await w.open(`#/recipes/${id}`)
    const sparsity = page.getByRole('textbox', { name: 'Sparsity' })
    await sparsity.fill('70 %')
    await sparsity.blur()
    expect(await sparsity.inputValue()).toBe('0.7')
    await expect.poll(() => saved(id).stages[1]).toEqual({ use: 'prune', sparsity: 0.7 })
    expect(saved(id).name).toBe('Global magnitude 70 %')
    expect(await page.getByText('About 187,835 of 268,336 weights become zero').count()).toBe(1)

    await page.getByRole('button', { name: 'Move stage 2 up' }).click()
    await expect.poll(() => saved(id).stages.map(s => s.use)).toEqual(['prune', 'evaluate', 'evaluate'])
    await page.keyboard.press('Alt+ArrowDown')
    await expect.poll(() => saved(id).stages.map(s => s.use)).toEqual(['evaluate', 'prune', 'evaluate'])
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Prune')

    await page.getByRole('button', { name: 'Add a stage' }).click()
    await page.getByRole('menuitem', { name: /^Prune/ }).click()
    expect(await page.getByText('1 thing to settle').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Run', exact: true }).getAttribute('aria-disabled')).toBe('true')
    await page.getByRole('button', { name: 'Stage 4, Sparsity Is required' }).click()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('field-stages[3].sparsity')

    for (let step = 0; step < 4; step++) await page.keyboard.press('Control+z')
    await expect.poll(() => saved(id)).toEqual(recipe())
    await page.keyboard.press('Control+Shift+Z')
    await expect.poll(() => saved(id).name).toBe('Global magnitude 70 %')
    expect(w.watched.faults).toEqual([])
  })

  it('writes a choice that has parameters of its own as short as it can be, and a fold opens for the rest', async () => {
    const { id } = await save(
      recipe({ stages: [{ use: 'train', epochs: 3, schedule: 'cosine' }, { use: 'evaluate' }] }),
    )
    const page = await w.open(`#/recipes/${id}`)
    const stage = () => (saved(id).stages as unknown[])[0]
    await page.getByRole('combobox', { name: 'Optimizer' }).selectOption('adam')
    await expect.poll(stage).toEqual({ use: 'train', epochs: 3, schedule: 'cosine', optimizer: 'adam' })
    await page.getByRole('textbox', { name: 'Learning rate' }).fill('0.01')
    await page.getByRole('textbox', { name: 'Lowest rate' }).fill('1e-4')
    await expect.poll(stage).toEqual({
      ...{ use: 'train', epochs: 3, schedule: { kind: 'cosine', minimum: 0.0001 } },
      optimizer: { kind: 'adam', lr: 0.01 },
    })
    await page.getByRole('combobox', { name: 'Optimizer' }).selectOption('sgd')
    await expect.poll(() => (stage() as { optimizer: unknown }).optimizer).toEqual({ kind: 'sgd', lr: 0.01 })
    const momentum = page.getByRole('textbox', { name: 'Momentum' })
    await momentum.fill('2')
    await page.getByRole('button', { name: 'Stage 1, Optimizer, Momentum Must be below 1, got 2' }).click()
    expect(await momentum.evaluate(element => element === document.activeElement)).toBe(true)

    expect(await page.getByRole('textbox', { name: 'Label smoothing' }).count()).toBe(0)
    await page
      .getByRole('button', { name: /more, at their defaults/ })
      .first()
      .click()
    await page.getByRole('textbox', { name: 'Label smoothing' }).waitFor()
    expect(await axeFaults(page)).toEqual([])
    expect(w.watched.faults).toEqual([])
  })

  it('says at the top what computes, as soon as the studio knows', async () => {
    w.studio.engine = { state: 'unknown', tensorflow: '2.21.0', device: null, error: null }
    const page = await w.open('#/library')
    const engine = page.locator('header').getByRole('link', { name: /TensorFlow|Engine/ })
    expect(await engine.textContent()).toBe('TensorFlow 2.21.0, not started yet')
    const [tensorflow, device] = ['2.21.0', 'NVIDIA H100 80GB HBM3']
    w.studio.emit({ type: 'engine.changed', engine: { state: 'ready', tensorflow, device, error: null } })
    await expect.poll(() => engine.textContent()).toBe('NVIDIA H100 80GB HBM3 · TensorFlow 2.21.0')
    const error = { code: 'engine.failed', message: 'libcudart.so.12 is missing.' } as const
    w.studio.emit({ type: 'engine.changed', engine: { state: 'failed', tensorflow, device, error } })
    await expect.poll(() => engine.textContent()).toBe('Engine failed')
  })

  it('names a wrong value at its field, and keeps what was typed', async () => {
    const { id } = await save()
    const page = await w.open(`#/recipes/${id}`)
    const sparsity = page.getByRole('textbox', { name: 'Sparsity' })
    await sparsity.fill('1.2')
    await page.getByText('Must be below 1, got 1.2').first().waitFor()
    await sparsity.fill('most')
    await page.getByText('Must be of type number, got "most"').first().waitFor()
    expect(await sparsity.getAttribute('aria-invalid')).toBe('true')
    await expect.poll(() => (saved(id).stages[1] as { sparsity?: unknown }).sparsity).toBe('most')
    await page.reload()
    expect(await page.getByRole('textbox', { name: 'Sparsity' }).inputValue()).toBe('most')
  })

  it('takes over what another window saved, and asks when both have changes', async () => {
    const { id } = await save()
    const page = await w.open(`#/recipes/${id}`)
    await page.getByRole('textbox', { name: 'Sparsity' }).waitFor()
    await w.studio.handlers['recipe.save']({ id, document: recipe({ name: 'Theirs' }) }, context)
    await expect.poll(() => page.getByLabel('Name of the recipe').inputValue()).toBe('Theirs')

    await page.getByLabel('Name of the recipe').fill('Mine')
    await w.studio.handlers['recipe.save']({ id, document: recipe({ name: 'Theirs again' }) }, context)
    await page.getByText('was changed in another window').waitFor()
    await page.getByRole('button', { name: 'Keep mine' }).click()
    await expect.poll(() => saved(id).name).toBe('Mine')
  })

  it('starts several sparsities at once and shows them side by side as they come in', async () => {
    const { id } = await save()
    const page = await w.open(`#/recipes/${id}`)
    await page.getByRole('button', { name: 'Several sparsities' }).click()
    await page.getByRole('textbox', { name: 'Sparsities' }).fill('30 %, 0.5 0.9')
    await page.locator('input[value="uniform"]').check()
    await page.getByRole('button', { name: 'Run 6 runs' }).click()
    await page.getByRole('heading', { name: 'Compare' }).waitFor()
    await expect.poll(() => page.getByRole('row', { name: /magnitude/ }).count(), { timeout: 15_000 }).toBe(6)
    await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
    expect(w.studio.recipes.map(r => r.name)).toContain('Uniform magnitude 90 %')
    const row = page.getByRole('row', { name: /Uniform magnitude 50 %/ }).first()
    await expect.poll(() => row.textContent()).toMatch(/−\d/)

    await page.getByRole('button', { name: /^Run 4 as the baseline/ }).click()
    await expect
      .poll(() =>
        page
          .getByRole('row', { name: /magnitude/ })
          .first()
          .textContent(),
      )
      .toContain('Uniform magnitude 30 %')
    await page.reload()
    await expect
      .poll(() =>
        page
          .getByRole('row', { name: /magnitude/ })
          .first()
          .textContent(),
      )
      .toContain('Uniform magnitude 30 %')

    // A row, its point and its column light up together; the column is told by the table behind the heatmap.
    await page.getByRole('checkbox', { name: 'table' }).check()
    await page
      .getByRole('row', { name: /Global magnitude 90 %/ })
      .first()
      .hover()
    expect(await page.locator('td.lit').count()).toBe(20)
    await page.getByRole('checkbox', { name: 'table' }).uncheck()

    for (const [format, start] of [
      ['SVG', '<svg'],
      ['PNG', '\u0089PNG'],
    ] as const) {
      await page.getByRole('button', { name: 'Save the chart Accuracy against sparsity' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: `Save as ${format}` }).click(),
      ])
      const content = readFileSync(await download.path(), 'latin1')
      expect(content.slice(0, start.length)).toBe(start)
      expect(content.length).toBeGreaterThan(2000)
      expect(download.suggestedFilename()).toBe(`accuracy-against-sparsity.${format.toLowerCase()}`)
    }
    expect(w.watched.faults).toEqual([])
  })

  it('shows a run live, loses nothing on reload, and stops it', async () => {
    // Slow enough that a loaded machine reloads the page before the run is over.
    await w.replaceStudio({ stepMs: 200 })
    const { id } = await save()
    const page = await w.open(`#/recipes/${id}`)
    await page.getByRole('textbox', { name: 'Sparsity' }).press('Control+Enter')
    await page.getByText('Scoring the test split').waitFor()
    const progress = page.getByRole('progressbar', { name: 'Stage 1, Evaluate' })
    const share = async () => Number(await progress.getAttribute('aria-valuenow'))
    await expect.poll(share).toBeGreaterThan(10)
    const before = await share()
    await page.reload()
    await expect.poll(share).toBeGreaterThanOrEqual(before)
    expect(await page.getByRole('log').textContent()).toContain('Stage 1, evaluate')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped').first().waitFor()
    expect([...w.studio.details.values()].map(d => d.run.state)).toEqual(['stopped'])
    expect(w.watched.faults).toEqual([])
  })

  it('offers the sample project where there is nothing yet', async () => {
    await w.replaceStudio({ stepMs: 5, isEmpty: true })
    const page = await w.open('#/library')
    await page.getByRole('button', { name: 'Open the sample project' }).click()
    await page.getByRole('row', { name: /Glyphs, global/ }).waitFor()
    await page.goto(`${w.served.url}#/library`)
    await page.getByRole('heading', { name: 'Data sets' }).waitFor()
    expect(await page.getByRole('button', { name: 'Open the sample project' }).count()).toBe(0)
    expect(w.watched.faults).toEqual([])
  })

  it('runs the sample project as a whole, side by side, where there is nothing yet', async () => {
    await w.replaceStudio({ stepMs: 0, isEmpty: true })
    const page = await w.open('#/library')
    await page.getByRole('button', { name: 'Run the sample project' }).click()
    await page.getByRole('heading', { name: 'Compare' }).waitFor()
    await expect.poll(() => page.getByRole('row', { name: /Glyphs, / }).count(), { timeout: 15_000 }).toBe(2)
    expect([...w.studio.details.values()].map(({ run }) => run.name)).toEqual(['Glyphs, dense', 'Glyphs, global'])
    expect(w.watched.faults).toEqual([])
  })

  it('says why a run failed and an import was refused, with what to do', async () => {
    w.studio.nextRunError = {
      code: 'engine.out-of-memory',
      message: 'The batch does not fit.',
      hint: 'Try a batch of 64.',
    }
    const { runs } = await w.studio.handlers['run.start']({ document: recipe() }, context)
    const page = await w.open(`#/runs/${runs[0]?.id}`)
    await page.getByText('The batch does not fit.').waitFor()
    await page.getByText('Try a batch of 64.').waitFor()
    await page.getByText('engine.out-of-memory').waitFor()

    w.studio.nextImportError = { code: 'file.unknown-format', message: '"notes.bin" is text.' }
    await page.goto(`${w.served.url}#/library`)
    await page.getByPlaceholder(/path on this machine/).fill('/data/notes.bin')
    await page.keyboard.press('Enter')
    await page.getByText('/data/notes.bin was not imported').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('"notes.bin" is text.')
  })

  it('says that what it shows is old when the studio is gone, and is right again when it is back', async () => {
    const page = await w.open('#/runs')
    await page.getByText('No runs yet').waitFor()
    const port = Number(new URL(w.served.url).port)
    await w.served.close()
    await page.getByText('The studio does not answer').waitFor()
    await w.studio.handlers['run.start']({ document: recipe() }, context)
    w.served = await serveDouble(w.studio, w.folder, port)
    await page.getByRole('row', { name: /Global magnitude 50 %/ }).waitFor()
    expect(await page.getByText('The studio does not answer').count()).toBe(0)
  })

  it('is worked by keyboard: palette, sheet, sequences, and switching them off', async () => {
    await save()
    const page = await w.open('#/library')
    await page.getByRole('heading', { name: 'Library', level: 1 }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder(/A command/).fill('global')
    await page.keyboard.press('Enter')
    await page.getByLabel('Name of the recipe').waitFor()
    await page.locator('main').focus()
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.getByText('No runs yet').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Keyboard shortcuts').first().waitFor()
    await page.getByRole('checkbox', { name: /Shortcuts without/ }).uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    expect(new URL(page.url()).hash).toBe('#/runs')
    await page.keyboard.press('Tab')
    expect(w.watched.faults).toEqual([])
  })

  it('keeps the theme that was chosen', async () => {
    const page = await w.open('#/library')
    const theme = () => page.evaluate(() => document.documentElement.dataset['theme'])
    expect(await theme()).toBe('light')
    await page.getByRole('button', { name: /^Theme: as the system/ }).click()
    await page.getByRole('button', { name: /^Theme: light/ }).click()
    expect(await theme()).toBe('dark')
    await page.reload()
    expect(await theme()).toBe('dark')
  })

  it('lists a thousand runs in under a second, and filters them', async () => {
    const { runs } = await w.studio.handlers['run.start']({ document: recipe() }, context)
    await expect.poll(w.areAllFinished, { timeout: 10_000 }).toBe(true)
    const first = w.studio.details.get(runs[0]?.id ?? '')
    if (!first) throw new Error('the run is there')
    for (let number = 2; number <= 1000; number++) {
      const id = `r${number}`
      w.studio.details.set(id, { ...first, run: { ...first.run, id, number, name: `Run of night ${number}` } })
    }
    const page = await w.open('#/library')
    await page.getByText('All 1000 runs').waitFor()
    const took = await page.evaluate(async () => {
      const began = performance.now()
      window.location.hash = '#/runs'
      while (!document.querySelector('td.tick')) await new Promise(requestAnimationFrame)
      return performance.now() - began
    })
    expect(took).toBeLessThan(1000)
    expect(await page.locator('tbody tr').count()).toBeLessThan(80)
    await page.locator('.table-scroll').evaluate(element => element.scrollTo(0, element.scrollHeight))
    await page.getByRole('link', { name: 'Global magnitude 50 %' }).waitFor()
    // 77, 770 to 779, and eight more that end in 77.
    await page.getByLabel('Filter runs').fill('night 77')
    await expect.poll(() => page.locator('td.tick').count()).toBe(19)
  })

  it.each(['light', 'dark'] as const)(
    'has no serious fault of accessibility in any view or overlay, %s',
    async colorScheme => {
      await w.watched.page.emulateMedia({ colorScheme })
      // The dark theme is the same page in other colours.
      const rules = colorScheme === 'dark' ? ['color-contrast'] : []
      const { id } = await save()
      await save(recipe({ model: {}, stages: [{ use: 'prune', sparsity: 2 }] }))
      for (const sparsity of [0.3, 0.9]) {
        const stages = [{ use: 'evaluate' }, { use: 'prune', sparsity }, { use: 'evaluate' }]
        await w.studio.handlers['run.start']({ document: recipe({ stages }) }, context)
      }
      await w.studio.handlers['run.start']({ document: recipe({ stages: trainingStages }) }, context)
      await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
      const [first, second, trained] = [...w.studio.details.keys()]
      const hashes = [
        'library',
        'data/d1',
        'models/m1',
        'recipes',
        `recipes/${id}`,
        `recipes/${w.studio.recipes.at(-1)?.id}`,
      ]
      hashes.push('runs', `runs/${first}`, `runs/${trained}`, `compare/${first},${second}`, 'compare', 'doctor')
      const found: string[] = []
      for (const hash of hashes) {
        const page = await w.open(`#/${hash}`)
        await page
          .getByRole('heading', { level: 1 })
          .or(page.getByLabel('Name of the recipe'))
          .or(page.locator('.empty'))
          .first()
          .waitFor()
        await page.waitForTimeout(300)
        // Vue leaves a component that it does not know as an element that nobody knows.
        const unknown = await page.evaluate(() =>
          [...document.querySelectorAll('*')].filter(e => e instanceof HTMLUnknownElement).map(e => e.tagName),
        )
        found.push(...[...(await axeFaults(page, rules)), ...unknown].map(fault => `${hash}: ${fault}`))
      }
      const page = await w.open(`#/recipes/${id}`)
      for (const [what, act] of [
        ['palette', () => page.keyboard.press('Control+k')],
        ['sweep', () => page.getByRole('button', { name: 'Several sparsities' }).click()],
        ['stages', () => page.getByRole('button', { name: 'Add a stage' }).click()],
        ['confirmation', () => page.getByRole('button', { name: 'Remove this recipe' }).click()],
      ] as const) {
        await page.getByRole('textbox', { name: 'Sparsity' }).waitFor()
        await act()
        await page.waitForTimeout(150)
        found.push(...(await axeFaults(page, rules)).map(fault => `${what}: ${fault}`))
        await page.keyboard.press('Escape')
      }
      expect(found).toEqual([])
      expect(w.watched.faults).toEqual([])
    },
  )
})
