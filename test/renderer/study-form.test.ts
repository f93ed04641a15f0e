/** A study and a fresh student, written in the form of a recipe, in a real Chromium. */
import { describe, expect, it } from 'vitest'
import { axeFaults, chromiumPath, keepScreenshot } from '../browser/chromium.ts'
import { context, recipe, useWindow } from './double/window.ts'

describe.skipIf(!chromiumPath)('a recipe that distils', () => {
  const w = useWindow()
  const teacher = { checkpoint: '/data/checkpoints/resnet20-12fca82f.th' }
  const save = async (document: object) => w.studio.handlers['recipe.save']({ document }, context)
  const saved = (id: string) => w.studio.recipes.find(each => each.id === id)?.document as Record<string, unknown>

  it('becomes a study: losses and pairs are added, filled in, found where they are wrong, and removed', async () => {
    const { id } = await save(recipe({ stages: [{ use: 'distill', teacher, epochs: 2 }] }))
    const page = await w.open(`#/recipes/${id}`)
    await page.getByRole('checkbox', { name: 'Study' }).check()
    await page.getByRole('button', { name: /^Study Needs pairs, losses or both/ }).waitFor()
    const study = page.getByRole('region', { name: 'Study' })
    for (let i = 0; i < 2; i++) await study.getByRole('button', { name: 'Add a loss' }).click()
    await expect.poll(() => saved(id)['study']).toEqual({ losses: [{ loss: 'logit' }, { loss: 'logit' }] })
    await study.getByRole('radio', { name: 'Features' }).nth(1).click()
    await study.getByRole('textbox', { name: 'Alpha' }).nth(1).fill('1.5')
    await study.getByRole('textbox', { name: 'Alpha' }).nth(1).blur()
    await page.getByRole('button', { name: /^Study, Loss 2, Alpha Must be at most 1/ }).click()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('field-study.losses[1].alpha')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('0.5')
    await page.keyboard.press('Tab')
    await expect
      .poll(() => saved(id)['study'])
      .toEqual({ losses: [{ loss: 'logit' }, { loss: 'feature', alpha: 0.5 }] })
    await page.getByText('1 pair × 2 losses, 1 seed').waitFor()

    await study.getByRole('button', { name: 'Add a pair' }).click()
    await page.getByRole('button', { name: /^Study, Pair 1, Teacher Needs one of/ }).waitFor()
    // What the library suggests, and any other path.
    const checkpoint = study.getByRole('combobox', { name: 'Checkpoint' }).first()
    expect(
      await checkpoint.evaluate((input: HTMLInputElement) => [...input.list!.options].map(each => each.value)),
    ).toContain(teacher.checkpoint)
    await checkpoint.fill('a.th')
    await study.getByRole('textbox', { name: 'Architecture' }).nth(1).fill('resnet8-a')
    await study.getByRole('textbox', { name: 'Architecture' }).nth(1).blur()
    const pairs = [{ teacher: { checkpoint: 'a.th' }, student: { architecture: 'resnet8-a' } }]
    await expect.poll(() => saved(id)['study']).toMatchObject({ pairs })
    await page.getByText('Ready to run').waitFor()
    await page.setViewportSize({ width: 1440, height: 1900 })
    await keepScreenshot(page, 'study-form')
    expect(await axeFaults(page)).toEqual([])

    await study.getByRole('button', { name: 'Remove pair 1' }).click()
    await expect.poll(() => Object.keys(saved(id)['study'] as object)).toEqual(['losses'])
    await page.getByRole('checkbox', { name: 'Study' }).uncheck()
    await expect.poll(() => 'study' in saved(id)).toBe(false)
    expect(w.watched.faults).toEqual([])
  })

  it('shows what the chosen loss reads, and nothing of the other', async () => {
    const { id } = await save(recipe({ stages: [{ use: 'distill', teacher, epochs: 2 }] }))
    const page = await w.open(`#/recipes/${id}`)
    await page
      .getByRole('button', { name: /more, at their defaults/ })
      .last()
      .click()
    const field = (name: string) => page.getByLabel(name, { exact: true })
    await field('Temperature').waitFor()
    expect(await field('Beta').count()).toBe(0)
    await page.getByRole('radio', { name: 'Features' }).click()
    await field('Beta').waitFor()
    expect(await field('Temperature').count()).toBe(0)
  })

  it('has a student of fresh weights, and no study where nothing distils', async () => {
    const { id } = await save(recipe())
    const page = await w.open(`#/recipes/${id}`)
    await page.getByRole('combobox', { name: 'Model' }).selectOption('fresh')
    const architecture = page.getByRole('textbox', { name: 'Architecture' })
    await architecture.fill('resnet8-a')
    await architecture.blur()
    await expect.poll(() => saved(id)['model']).toEqual({ architecture: 'resnet8-a' })
    await page.getByText('Ready to run').waitFor()
    expect(await page.getByRole('checkbox', { name: 'Study' }).count()).toBe(0)
    await page.getByRole('combobox', { name: 'Model' }).selectOption({ index: 1 })
    await expect.poll(() => saved(id)['model']).toEqual({ checkpoint: expect.any(String) })
    expect(w.watched.faults).toEqual([])
  })
})
