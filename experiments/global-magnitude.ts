/**
 * Global magnitude pruning of a trained ResNet-20 on CIFAR-10: what recalibration and a short training give back, gradual
 * beside one-shot pruning, and layers that die or do not. Writes its tables into docs/results.md. `--data PATH` is the
 * folder of the real data (../shared/data), `--epochs N` the training after gradual and one-shot pruning (4).
 */
import { existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { RecipeInput } from '../src/shared/recipe.ts'
import type { StageOutcome } from '../src/shared/stages.ts'
import { describeEngine } from '../src/studio/engine-version.ts'
import { accuracies, experimentFolder, openRecipeRuns, resultsOf, say } from './recipe-runs.ts'
import { markdownTable, writeSection } from './section.ts'

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, epochs: { type: 'string', default: '4' } },
})
const data = resolve(values.data)
const epochs = Number(values.epochs)
const images = join(data, 'cifar10-jpeg.zip')
const checkpoint = join(data, 'checkpoints', 'resnet20-12fca82f.th')
for (const file of [images, checkpoint]) if (!existsSync(file)) throw new Error(`there is no ${file}`)

const seed = 0
const optimizer = { kind: 'sgd', lr: 0.02, momentum: 0.9, nesterov: true, weightDecay: 1e-4 } as const
const training = { batch: 128, optimizer, schedule: { kind: 'cosine', per: 'step' } } as const
const evaluate = { use: 'evaluate' } as const
const recalibrate = { use: 'recalibrate', batches: 8 } as const
const short = { use: 'train', epochs: 1, ...training } as const

const folder = experimentFolder(undefined)
const runs = await openRecipeRuns(folder.path, 'global-magnitude')
const work = (name: string, stages: RecipeInput['stages']) =>
  runs.work({ name, model: { checkpoint }, data: { path: images, augment: 'crop-flip' }, seeds: [seed], stages })
const scores = (outcomes: readonly StageOutcome[]) => accuracies(outcomes).map(top1 => top1.toFixed(2))
const deadLayers = (outcomes: readonly StageOutcome[]) =>
  resultsOf(outcomes, 'prune')
    .at(-1)!
    .layers.filter(({ weights, zeros }) => weights === zeros).length

const began = performance.now()
try {
  const dense = scores(await work('dense', [evaluate, short, evaluate]))
  const recovery = [
    ['sparsity', 'pruned', '+ recalibrated', '+ trained for an epoch'],
    ['0 %', dense[0]!, '', dense[1]!],
  ]
  for (const sparsity of [0.5, 0.7, 0.9]) {
    const stages = [{ use: 'prune', sparsity } as const, evaluate, recalibrate, evaluate, short, evaluate]
    recovery.push([`${100 * sparsity} %`, ...scores(await work(`one-shot ${sparsity}`, stages))])
  }

  const long = { epochs, ...training, optimizer: { ...optimizer, lr: 0.05 } }
  const oneShot = await work('one-shot and training', [{ use: 'prune', sparsity: 0.9, train: long }, evaluate])
  const schedule = { kind: 'gradual', startEpoch: 0, endEpoch: Math.max(1, epochs - 1), per: 'step' } as const
  const gradual = await work('gradual', [{ use: 'prune', sparsity: 0.9, schedule, train: long }, evaluate])
  const schedules = [['schedule', 'epochs', 'zeros', 'top-1, %']]
  for (const [name, outcomes] of [
    ['one-shot, then training', oneShot],
    ['gradual', gradual],
  ] as const) {
    const [pruned] = resultsOf(outcomes, 'prune')
    schedules.push([name, String(epochs), `${pruned!.zeros} of ${pruned!.weights}`, scores(outcomes)[0]!])
  }

  const guard = [['minimum to keep', 'zeros', 'layers without a weight', 'top-1 recalibrated, %']]
  const deaths: string[] = []
  for (const sparsity of [0.98, 0.995]) {
    for (const minimumKeep of [0, 20]) {
      const outcomes = await work(`${sparsity}, at least ${minimumKeep}`, [
        { use: 'prune', sparsity, minimumKeep },
        recalibrate,
        evaluate,
      ])
      const [pruned] = resultsOf(outcomes, 'prune')
      const zeros = `${pruned!.zeros} of ${pruned!.weights} (${100 * sparsity} %)`
      const dead = deadLayers(outcomes)
      guard.push([String(minimumKeep), zeros, String(dead), scores(outcomes)[0]!])
      if (minimumKeep === 0) deaths.push(`at ${100 * sparsity} % ${dead === 0 ? 'none' : dead}`)
    }
  }

  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  const { tensorflow = '?' } = (await describeEngine()) ?? {}
  writeSection(
    new URL('../docs/results.md', import.meta.url),
    'global-magnitude',
    `## Global magnitude pruning

\`npm run experiment -- global-magnitude\`${epochs === 4 ? '' : ` (--epochs ${epochs})`}: ResNet-20 with option A shortcuts (akamaster's checkpoint), CIFAR-10 as strongly
compressed JPEG (45,000 images to train on, 5,000 for validation, 10,000 to test; the checkpoint was trained on the lossless
images and loses ten points here, which training gives back). Seed ${seed}. SGD, momentum 0.9, Nesterov, weight decay 1e-4,
batch 128, cosine to 0 by the step, crop and flip, the best epoch on validation. Test top-1 in percent. One seed: differences
of half a point may be noise. ${minutes} minutes in all on ${availableParallelism()} processors (${cpus()[0]?.model.trim()}), TensorFlow ${tensorflow}.

One shot, then the statistics of batch normalisation anew (8 batches), then one epoch at learning rate ${optimizer.lr}:

${markdownTable(recovery)}

To 90 %, one-shot beside gradual (cubic, a new global threshold before every step of the first ${schedule.endEpoch} epochs), the same
${epochs} epochs at learning rate ${long.optimizer.lr}:

${markdownTable(schedules)}

Minimum to keep, in one shot without training. Layers that die where none is set: ${deaths.join(', ')}.

${markdownTable(guard)}
`,
  )
  say(`done in ${minutes} minutes; the tables are in docs/results.md`)
} finally {
  await runs.close()
  folder.remove()
}
