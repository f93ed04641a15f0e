/**
 * Training batch norm and only batch norm (Frankle, Schwab and Morcos 2021) on CIFAR-10: ResNet-14 and ResNet-32 beside the
 * arms that it is held against, for the same epochs. Writes its tables into docs/results.md, a row as soon as it is known.
 * `--data PATH` is the folder of the real data (../shared/data), `--epochs N` the length of each arm (2), `--arms A,B` and
 * `--networks A,B` choose among them, `--keep FOLDER` keeps the runs, so that an experiment that was cut off goes on.
 */
import { existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { TrainableId } from '../src/shared/methods.ts'
import { describeEngine } from '../src/studio/engine-version.ts'
import { experimentFolder, minutesOf, openRecipeRuns, resultsOf, say, type WorkedStage } from './recipe-runs.ts'
import { markdownTable, writeSection } from './section.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    epochs: { type: 'string', default: '2' },
    networks: { type: 'string', default: 'resnet14-b,resnet32-b' },
    keep: { type: 'string' },
    arms: { type: 'string', default: 'batchnorm,all,none,random-weights,shortcut-output' },
  },
})
const images = join(resolve(values.data), 'cifar10-jpeg.zip')
if (!existsSync(images)) throw new Error(`there is no ${images}`)
const epochs = Number(values.epochs)
const seed = 0

/** Validation accuracy after epochs 1 to 5 of a reproduction on the lossless images, in percent (five-systems 5d). */
const reference: Readonly<Record<string, string>> = {
  'resnet14-b batchnorm': '27.3-29.5, 31-32, -, -, 32-38',
  'resnet14-b all': '47.5-53, 55-58, -, -, 68-71',
  'resnet32-b batchnorm': '30.5, 37.8, -, -, 43.2',
}

const folder = experimentFolder(values.keep)
const runs = await openRecipeRuns(folder.path, 'batchnorm-only')

const work = (architecture: string, trainable: TrainableId): Promise<WorkedStage[]> =>
  runs.work({
    name: `${architecture} ${trainable}`,
    model: { architecture, batchNorm: 'uniform' },
    data: { path: images, augment: 'crop-flip' },
    seeds: [seed],
    stages: [
      {
        use: 'train',
        trainable,
        epochs,
        batch: 128,
        optimizer: { kind: 'sgd', lr: 0.1, momentum: 0.9, weightDecay: 1e-4 },
        keep: 'last',
      },
      { use: 'evaluate' },
    ],
  })

const percent = (share: number) => (100 * share).toFixed(1)

const { tensorflow = '?' } = (await describeEngine()) ?? {}
const rows = [['network', 'trained', 'parameters', 'validation', 'reference', 'test', 'disabled', 'minutes']]

function write(): void {
  writeSection(
    new URL('../docs/results.md', import.meta.url),
    'batchnorm-only',
    `## Batch norm alone

\`npm run experiment -- batchnorm-only\`, ${epochs} epochs: fresh networks with option B shortcuts, CIFAR-10 as strongly compressed JPEG
(45,000 images to train on, 5,000 for validation, 10,000 to test), gammas from U(0, 1) in every arm, the same convolutions in
all arms of a network. SGD, learning rate 0.1 throughout, momentum 0.9, weight decay 1e-4, batch 128, crop and flip, the last
epoch. Top-1 in percent, one seed (${seed}): in the first epochs at this rate a score is noisy by some points. The reference is a
reproduction on the lossless images, validation after epochs 1, 2, 3, 4 and 5 (- = not known); what the compression takes is
part of the difference. An arm that is not in the table was not run. "Disabled" is the share of |gamma| below 0.01 at the end.
On ${availableParallelism()} processors (${cpus()[0]?.model.trim()}) shared with other work, TensorFlow ${tensorflow}.

${markdownTable(rows)}
`,
  )
}

try {
  for (const network of values.networks.split(','))
    for (const arm of values.arms.split(',') as TrainableId[]) {
      const stages = await work(network, arm)
      const { trainableParams, epochs: done, disabledFeatures } = resultsOf(stages, 'train')[0]!
      const { top1 } = resultsOf(stages, 'evaluate')[0]!
      const { disabled, features } = disabledFeatures!
      const row = [
        network,
        arm,
        String(trainableParams),
        done.map(({ valTop1 }) => percent(valTop1!)).join(', '),
        reference[`${network} ${arm}`] ?? '',
        percent(top1),
        `${percent(disabled / features)} %`,
        minutesOf(stages),
      ]
      rows.push(row)
      say(row.join(' | '))
      write()
    }
} finally {
  await runs.close()
  folder.remove()
}
