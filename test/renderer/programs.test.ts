/** What distillation and training of batch norm alone look like, in a real Chromium. */
import { describe, expect, it } from 'vitest'
import { type StageOutcome, stages } from '../../src/shared/stages.ts'
import type { StudyRow } from '../../src/shared/study.ts'
import { axeFaults, chromiumPath, keepScreenshot } from '../browser/chromium.ts'
import { context, recipe, useWindow } from './double/window.ts'

const score = (correct: number) => ({
  ...{ correct, total: 1000, top1: correct / 1000, loss: 0.5, agreement: correct / 1000, kl1: 0.21, kl4: 0.043 },
  classes: ['cat', 'dog'].map(name => ({ name, correct: Math.round(correct / 20), total: 50 })),
})
const epoch = {
  epoch: 1,
  loss: 1,
  trainTop1: 0.6,
  valTop1: 0.62,
  valLoss: 1.1,
  learningRate: 0.1,
  sparsity: 0,
  seconds: 1,
}
const distilled: StageOutcome = {
  use: 'distill',
  result: {
    ...{ zeros: 0, weights: 74_800, trainableParams: 78_042, epochs: [epoch], kept: 1, stoppedEarly: false },
    ...score(847),
    ...{
      split: 'test',
      choose: 'validation',
      clipping: 'together',
      gain: 0.012,
      notes: ['The teacher is good: 91.5 %.'],
    },
    teacher: { name: 'resnet20', architecture: 'resnet20-a', valTop1: 0.92, ...score(915) },
    twin: { ...score(835), epochs: [epoch], kept: 1, stoppedEarly: false },
  },
}
const spread = (mean: number) => ({ n: 3, mean, sd: 0.004 })
const studied: StudyRow = {
  ...{ student: 'resnet8-a', teacher: 'resnet20-a (resnet20.th)', loss: 'logit, alpha 0.7, T 4' },
  ...{ choose: 'test', split: 'test', chosenOnReport: true, epochs: 20, teacherTop1: 0.915, chosenTop1: spread(0.851) },
  seeds: [{ seed: 0, run: 1, top1: 0.847, twinTop1: 0.835, agreement: 0.86, kl1: 0.21, kl4: 0.043 }],
  ...{ top1: spread(0.847), twin: spread(0.835), gain: 0.012, welch: { t: 3.7, df: 4, p: 0.021 }, verdict: 'gain' },
  ...{ agreement: spread(0.86), kl1: spread(0.21), kl4: spread(0.043) },
}
const bell = [1, 4, 8, 4, 1]
const norms = [0, 40, 80].map(step => ({
  stage: 0,
  step,
  layers: ['bn1', 'layer1.0.bn1', 'layer1.0.bn2'].map((name, i) => ({
    ...{ name, features: 16, disabled: Math.min(16, (step / 40) * i * 2) },
    gamma: { low: -0.1, high: 1 + step / 100, counts: bell },
    beta: { low: -0.5, high: 0.5, counts: bell },
  })),
}))

describe.skipIf(!chromiumPath)('other ways to train', () => {
  const w = useWindow()

  it.each(['light', 'dark'] as const)(
    'show student, twin and teacher, and batch norm over time, %s',
    async colorScheme => {
      w.studio.norms = norms
      const { runs } = await w.studio.handlers['run.start'](
        { document: recipe({ stages: [{ use: 'train', epochs: 1 }, { use: 'evaluate' }] }) },
        context,
      )
      await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
      const detail = w.studio.details.get(runs[0]!.id)!
      const stage = 0
      const point = (name: string, step: number, value: number) => ({ stage, name, step, value })
      for (const step of [40, 80]) {
        detail.metrics.push(
          point('disabledFeatures', step, step / 800),
          point('agreement', step, 0.8),
          point('gap', step, 0.05),
        )
        detail.metrics.push(
          point('crossEntropy', step, 0.4),
          point('logitLoss', step, 0.9),
          point('teacherValTop1', step, 0.92),
        )
      }
      detail.run.stages[0] = { ...detail.run.stages[0]!, use: 'distill', outcome: distilled }
      detail.recipe.stages[0] = stages.distill.schema.parse({
        use: 'distill',
        teacher: { checkpoint: 'resnet20.th' },
        epochs: 1,
      })

      await w.watched.page.emulateMedia({ colorScheme })
      const page = await w.open(`#/runs/${runs[0]!.id}`)
      const row = page.getByRole('row', { name: /^Student/ })
      await row.waitFor()
      expect(await row.textContent()).toMatch(/84\.7.*847.*\+1\.20.*0\.210/)
      expect(
        await page
          .getByRole('row', { name: /^Teacher/ })
          .first()
          .textContent(),
      ).toContain('915')
      await page.getByText('1,000 test samples; epoch chosen on validation; taught by resnet20 (resnet20-a)').waitFor()
      await page.getByText('12 of 48').first().waitFor()
      await page.getByRole('combobox', { name: 'Layer whose spread is shown' }).selectOption('layer1.0.bn2')
      await page.getByRole('img', { name: /gammas of layer1\.0\.bn2 .* between −?-?0\.1 and 1\.8/ }).waitFor()
      for (const title of ['Gap to the teacher', 'Parts of the loss', 'Agreement with the teacher'])
        await page.getByRole('img', { name: new RegExp(`^${title} over step`) }).waitFor()
      await page.setViewportSize({ width: 1440, height: 2200 })
      await page.waitForTimeout(400)
      await keepScreenshot(page, `programs-${colorScheme}`)
      expect(await axeFaults(page)).toEqual([])
      expect(w.watched.faults).toEqual([])
    },
  )

  it.each(['light', 'dark'] as const)(
    'stand beside each other: distillations over seeds, batch norm of each run, %s',
    async colorScheme => {
      w.studio.norms = norms
      w.studio.study = { rows: [studied] }
      const { runs } = await w.studio.handlers['run.start'](
        { document: recipe({ seeds: [0, 1], stages: [{ use: 'train', epochs: 1 }, { use: 'evaluate' }] }) },
        context,
      )
      await expect.poll(w.areAllFinished, { timeout: 15_000 }).toBe(true)
      await w.watched.page.emulateMedia({ colorScheme })
      const page = await w.open(`#/compare/${runs.map(({ id }) => id).join(',')}`)
      const row = page.getByRole('row', { name: /^resnet8-a resnet20-a \(resnet20\.th\) 91\.50/ })
      await row.waitFor()
      expect(await row.textContent()).toMatch(
        /85\.10 ± 0\.40.*83\.50 ± 0\.40.*84\.70 ± 0\.40 \*.*\+1\.20.*gain.*0\.021/,
      )
      await page.getByText('these numbers are too high').waitFor()
      await page.getByText('Published for CIFAR-10').click()
      await page.getByRole('row', { name: /^ResNet-34 ResNet-101 95\.04 ± 0\.13/ }).waitFor()
      const arms = page.getByRole('region', { name: /^Run \d+$/ })
      expect(await arms.count()).toBe(2)
      await page.getByRole('combobox', { name: 'Layer whose spread is shown' }).selectOption('layer1.0.bn2')
      await arms
        .nth(1)
        .getByRole('img', { name: /^How the betas of layer1\.0\.bn2/ })
        .waitFor()
      await page.setViewportSize({ width: 1440, height: 2000 })
      await page.waitForTimeout(400)
      await keepScreenshot(page, `programs-compared-${colorScheme}`)
      expect(await axeFaults(page)).toEqual([])
      expect(w.watched.faults).toEqual([])
    },
  )
})
