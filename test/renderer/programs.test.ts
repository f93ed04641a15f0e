/** What distillation and training of batch norm alone look like, in a real Chromium. */
import { describe, expect, it } from 'vitest'
import type { StageOutcome } from '../../src/shared/stages.ts'
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

      await w.watched.page.emulateMedia({ colorScheme })
      const page = await w.open(`#/runs/${runs[0]!.id}`)
      const row = page.getByRole('row', { name: /^Student/ })
      await row.waitFor()
      expect(await row.textContent()).toMatch(/84\.7.*\+1\.20.*0\.210.*847 \/ 1,000/)
      expect(await page.getByRole('row', { name: /^Teacher, resnet20/ }).textContent()).toContain('915 / 1,000')
      await page.getByText('12 of 48').first().waitFor()
      await page.getByRole('combobox', { name: 'Layer whose spread is shown' }).selectOption('layer1.0.bn2')
      await page.getByRole('img', { name: /gammas of layer1\.0\.bn2 .* between −?-?0\.1 and 1\.8/ }).waitFor()
      await page.getByText(/^Gap to the teacher, Agreement with the teacher, Parts of the loss/).click()
      await page.getByRole('img', { name: /^Agreement with the teacher over step/ }).waitFor()
      await page.setViewportSize({ width: 1440, height: 2200 })
      await page.waitForTimeout(400)
      await keepScreenshot(page, `programs-${colorScheme}`)
      expect(await axeFaults(page)).toEqual([])
      expect(w.watched.faults).toEqual([])
    },
  )
})
