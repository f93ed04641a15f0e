/**
 * Gradual beside one-shot pruning under a short budget, over seeds: ResNet-20 to high sparsity, on a part of the training
 * images that one run can go over several times in minutes. Both get the same images, epochs and learning rates, from the same
 * weights. Writes its table into docs/results.md after every run. `--data PATH` is the folder of the real data
 * (../shared/data), `--keep FOLDER` keeps the project, so that an experiment that was cut off goes on.
 */
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mean, sampleStandardDeviation } from '../src/core/statistics/summary.ts'
import { welchTest } from '../src/core/statistics/welch.ts'
import { partOfCifar } from './cifar-part.ts'
import { accuracies, experimentFolder, openRecipeRuns, resultsOf, say } from './recipe-runs.ts'
import { markdownTable, writeSection } from './section.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    keep: { type: 'string' },
    images: { type: 'string', default: '10000' },
    epochs: { type: 'string', default: '5' },
    seeds: { type: 'string', default: '0,1,2' },
    sparsities: { type: 'string', default: '0.9,0.95' },
    rates: { type: 'string', default: '0.05,0.01' },
  },
})
const numbers = (text: string) => text.split(',').map(Number)
const [count, epochs] = [Number(values.images), Number(values.epochs)]
const [seeds, sparsities, rates] = [numbers(values.seeds), numbers(values.sparsities), numbers(values.rates)]
/** Gradual pruning reaches its end after so many epochs: what is left is trained with the final mask. */
const endEpoch = Math.max(1, Math.round(0.6 * epochs))
const schedules = { 'one-shot': 'one-shot', gradual: { kind: 'gradual', endEpoch, per: 'step' } } as const
type Schedule = keyof typeof schedules

const data = resolve(values.data)
const [source, checkpoint] = [join(data, 'cifar10-jpeg.zip'), join(data, 'checkpoints', 'resnet20-12fca82f.th')]
for (const file of [source, checkpoint]) if (!existsSync(file)) throw new Error(`there is no ${file}`)
const folder = experimentFolder(values.keep)

interface Cell {
  readonly lr: number
  readonly schedule: Schedule
  readonly sparsity: number
  readonly zeros: number
  readonly top1: number
}
const cells: Cell[] = []
const began = performance.now()
const images = await partOfCifar(source, folder.path, count)
const runs = await openRecipeRuns(folder.path, 'gradual')
try {
  for (const lr of rates)
    for (const sparsity of sparsities)
      for (const seed of seeds)
        for (const schedule of Object.keys(schedules) as Schedule[]) await measure({ lr, sparsity, seed, schedule })
} finally {
  await runs.close()
  folder.remove()
}
say(`done in ${((performance.now() - began) / 60_000).toFixed(1)} minutes; the table is in docs/results.md`)

type Setting = Pick<Cell, 'lr' | 'schedule' | 'sparsity'> & { readonly seed: number }

async function measure({ lr, sparsity, seed, schedule }: Setting): Promise<void> {
  const outcomes = await runs.work({
    name: `${schedule} ${sparsity}, learning rate ${lr}, seed ${seed}`,
    model: { checkpoint },
    data: { path: images, augment: 'crop-flip' },
    seeds: [seed],
    stages: [
      {
        use: 'prune',
        sparsity,
        schedule: schedules[schedule],
        train: {
          epochs,
          optimizer: { kind: 'sgd', lr, nesterov: true, weightDecay: 1e-4 },
          schedule: { kind: 'cosine', per: 'step' },
        },
      },
      { use: 'evaluate' },
    ],
  })
  const { zeros } = resultsOf(outcomes, 'prune')[0]!
  cells.push({ lr, schedule, sparsity, zeros, top1: accuracies(outcomes)[0]! })
  writeTable()
}

function writeTable(): void {
  const rows = [
    ['sparsity', 'learning rate', 'schedule', 'zeros', 'n', 'top-1 of each seed, %', 'mean', 'std', 'p (Welch)'],
  ]
  const pairs = sparsities.flatMap(sparsity => rates.map(lr => ({ sparsity, lr })))
  for (const { sparsity, lr } of pairs) {
    const of = (schedule: Schedule) =>
      cells.filter(cell => cell.sparsity === sparsity && cell.lr === lr && cell.schedule === schedule)
    const scores = (schedule: Schedule) => of(schedule).map(({ top1 }) => top1)
    const test = welchTest(scores('one-shot'), scores('gradual'))
    for (const schedule of Object.keys(schedules) as Schedule[]) {
      const top1 = scores(schedule)
      if (top1.length === 0) continue
      const zeros = [...new Set(of(schedule).map(cell => cell.zeros))].join(', ')
      const each = top1.map(value => value.toFixed(2)).join(' ')
      const p = schedule === 'gradual' ? (test?.p.toFixed(3) ?? '') : ''
      const spread = sampleStandardDeviation(top1)?.toFixed(2) ?? ''
      rows.push([
        `${100 * sparsity} %`,
        String(lr),
        schedule,
        zeros,
        String(top1.length),
        each,
        mean(top1).toFixed(2),
        spread,
        p,
      ])
    }
  }
  writeSection(
    new URL('../docs/results.md', import.meta.url),
    'gradual',
    `## Gradual beside one-shot pruning, over seeds

\`npm run experiment -- gradual --images ${count} --epochs ${epochs}\`: ResNet-20 as above, from the checkpoint, on ${count} of the 50,000 training images of the
JPEG set (the same for all; a tenth held out for validation). Both train ${epochs} epochs: global magnitude, SGD with momentum 0.9,
Nesterov, weight decay 1e-4, batch 128, the learning rate on a cosine to 0 by the step, crop and flip. One-shot prunes before
the first step; gradual by the cubic schedule before every step of the first ${endEpoch} epochs. The best epoch on validation of those
at the final sparsity; test top-1 of all 10,000 images. A seed changes the order of the images and their crops. ${cpus()[0]?.model.trim()}.

${markdownTable(rows)}
`,
  )
}
