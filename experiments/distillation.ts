/**
 * A trained ResNet-20 teaches a ResNet-8 on CIFAR-10: logits, features and no teacher, under several seeds. Writes its
 * table into docs/results.md after every run. `--data PATH` is the folder of the real data (../shared/data), `--epochs N`
 * (3) and `--seeds N` (3) its size; `--keep FOLDER` keeps the project, so that an experiment that was cut off goes on.
 */
import { existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mean } from '../src/core/statistics/summary.ts'
import { type StudyRow, verdictHelp } from '../src/shared/study.ts'
import { inFull, studyCaption, studyColumns } from '../src/shared/study-text.ts'
import { describeEngine } from '../src/studio/engine-version.ts'
import { experimentFolder, minutesOf, openRecipeRuns, resultsOf, say, type WorkedStage } from './recipe-runs.ts'
import { markdownTable, writeSection } from './section.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    epochs: { type: 'string', default: '3' },
    seeds: { type: 'string', default: '3' },
    keep: { type: 'string' },
  },
})
const data = resolve(values.data)
const epochs = Number(values.epochs)
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed)
const images = join(data, 'cifar10-jpeg.zip')
const checkpoint = join(data, 'checkpoints', 'resnet20-12fca82f.th')
for (const file of [images, checkpoint]) if (!existsSync(file)) throw new Error(`there is no ${file}`)

const arms = {
  'logits (alpha 0.7, T 4)': { loss: 'logit', alpha: 0.7, temperature: 4 },
  'features (alpha 0.7, beta 0.5)': { loss: 'feature', alpha: 0.7, beta: 0.5 },
} as const

const folder = experimentFolder(values.keep)
const runs = await openRecipeRuns(folder.path, 'distillation')
const worked: WorkedStage[] = []

async function work(seed: number, name: keyof typeof arms): Promise<void> {
  const stages = await runs.work({
    name: `${name}, seed ${seed}`,
    model: { architecture: 'resnet8-a' },
    data: { path: images, augment: 'crop-flip' },
    seeds: [seed],
    stages: [
      {
        use: 'distill',
        teacher: { checkpoint },
        ...arms[name],
        epochs,
        optimizer: { kind: 'sgd', lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
        schedule: { kind: 'cosine', per: 'step' },
      },
    ],
  })
  worked.push(...stages)
  await keepLargest(name, 'gradientNorm')
  await keepLargest('no teacher', 'twin.gradientNorm')
}

/** The largest norm of the gradient before clipping, by seed: five-systems, section 6, item 4. */
const norms = new Map<string, number[]>()
async function keepLargest(name: string, metric: string): Promise<void> {
  const value = await runs.largest(metric)
  if (value !== undefined) norms.set(name, [...(norms.get(name) ?? []), value])
}
const normsText = () =>
  [...norms].map(([name, values]) => `${name} ${values.map(value => value.toFixed(1)).join(', ')}`).join('; ')

const percent = (share: number) => (100 * share).toFixed(2)

/** Twins stand in the column "Without"; the first loss trains them and holds them against the teacher, the others share them. */
async function write(): Promise<void> {
  const rows = await runs.study()
  const finished = seeds.slice(0, Math.min(...rows.map(row => row.seeds.length)))
  const bySeed = {
    title: 'With, by seed',
    text: (row: StudyRow) => row.seeds.map(({ top1 }) => percent(top1)).join(', '),
  }
  const same = ['Student', 'Teacher', 'Its top-1', 'Epochs']
  const columns = [...studyColumns.map(inFull).filter(({ title }) => !same.includes(title)), bySeed]
  const table = [columns.map(({ title }) => title), ...rows.map(row => columns.map(({ text }) => text(row)))]
  const twins = resultsOf(worked, 'distill').flatMap(({ twin: { fidelity } }) => fidelity ?? [])
  const twinMean = (of: (twin: (typeof twins)[number]) => number) => mean(twins.map(of))
  const { tensorflow = '?' } = (await describeEngine()) ?? {}
  writeSection(
    new URL('../docs/results.md', import.meta.url),
    'distillation',
    `## Distillation: ResNet-20 teaches ResNet-8

\`npm run experiment -- distillation${epochs === 3 ? '' : ` --epochs ${epochs}`}${seeds.length === 3 ? '' : ` --seeds ${seeds.length}`}\`: CIFAR-10 as strongly compressed JPEG (45,000 images to train on, 5,000 to choose the
epoch by, 10,000 to test, scored once). Teacher: akamaster's ResNet-20, trained on the lossless images, ${percent(rows[0]!.teacherTop1)} % here. Student: a
fresh ResNet-8 with option A shortcuts. ${epochs} epochs, batch 128, SGD, learning rate 0.1 to 0 along a cosine by the step, momentum 0.9,
Nesterov, weight decay 5e-4, gradients clipped at 1 over student and projections together, crop and flip. Finished: seeds ${finished.join(', ')} of
${seeds.join(', ')}; the twin of a seed has the same weights at the start, the same batches and no teacher.
${studyCaption} ${verdictHelp} ${minutesOf(worked)} minutes in all on ${availableParallelism()} processors shared with other work (${cpus()[0]?.model.trim()}), TensorFlow ${tensorflow}.

${markdownTable(table)}

The twins agree with the teacher on ${percent(twinMean(({ agreement }) => agreement))} % (KL at T = 1 ${twinMean(({ kl1 }) => kl1).toFixed(3)}, at T = 4 ${twinMean(({ kl4 }) => kl4).toFixed(4)}).

Largest norm of the gradient before clipping, by seed: ${normsText()}. The paper's repetition has 9 to 12 without a teacher, 22 to
28 by logits and 3.0 to 3.4 by features (ResNet-34 to 18, all of training).

It is not comparable with the paper's tables (2605.31191: ResNet-18 and 34, 100 epochs, five seeds, gains of -0.08 to +0.21
points): a network of another kind, a schedule far from its end, and images that cost the teacher ten points.
`,
  )
}

try {
  for (const seed of seeds) {
    for (const name of Object.keys(arms) as (keyof typeof arms)[]) {
      await work(seed, name)
      await write()
    }
  }
  say('done; the table is in docs/results.md')
} finally {
  await runs.close()
  folder.remove()
}
