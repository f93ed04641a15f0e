/**
 * Allocations at equal sparsity with a short training: after one cut (`--schedule one-shot`), and in rounds of cutting and
 * training (`--schedule iterative`). Writes a table for a network and schedule into docs/results.md as cells come. `--data PATH`
 * is the folder of the real data (../shared/data), `--network NAME` (ResNet-20 or ResNet-32), `--sparsities A,B` and
 * `--methods A,B` (how their names begin) say what is worked, `--keep FOLDER` keeps the runs, so that an experiment that was
 * cut off goes on.
 */
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mean, sampleStandardDeviation } from '../src/core/statistics/summary.ts'
import type { RecipeInput } from '../src/shared/recipe.ts'
import { describeEngine } from '../src/studio/engine-version.ts'
import { checkpointOf, type Method, methods, type Network, someMethods } from './layer-adaptive/cells.ts'
import { accuracies, experimentFolder, openRecipeRuns, resultsOf, say } from './recipe-runs.ts'
import { markdownTable, writeSection } from './section.ts'

const schedules = ['one-shot', 'iterative'] as const
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    keep: { type: 'string' },
    network: { type: 'string', default: 'ResNet-20' },
    schedule: { type: 'string', default: 'one-shot' },
    sparsities: { type: 'string', default: '0.8,0.9,0.95' },
    methods: { type: 'string' },
  },
})
const network = values.network as Network
if (!(network in checkpointOf)) throw new Error(`--network is one of ${Object.keys(checkpointOf).join(', ')}`)
const schedule = values.schedule as (typeof schedules)[number]
if (!schedules.includes(schedule)) throw new Error(`--schedule is one of ${schedules.join(', ')}`)
const sparsities = values.sparsities.split(',').map(Number)
const begins = values.methods?.split(',')
const names = someMethods.filter(name => !begins || begins.some(begin => name.startsWith(begin)))
const seeds = [0, 1, 2]

const data = resolve(values.data)
const images = join(data, 'cifar10-first1000')
const checkpoint = join(data, 'checkpoints', checkpointOf[network])
for (const file of [images, checkpoint]) if (!existsSync(file)) throw new Error(`there is no ${file}`)

const batch = 128
const stepsAnEpoch = Math.ceil(5000 / batch)
const lr = 0.01
const epochs = 4
/** What a round of iterative pruning takes of what is left, as the paper does. */
const share = 0.2
const options = {
  batch,
  keep: 'last',
  optimizer: { kind: 'sgd', lr, momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  schedule: { kind: 'cosine', per: 'step' },
} as const

function stagesOf(name: Method, sparsity: number): RecipeInput['stages'] {
  const pruning = { use: 'prune', sparsity, ...methods[name] } as const
  return schedule === 'one-shot'
    ? [pruning, { use: 'train', epochs, ...options }, { use: 'evaluate' }]
    : [{ ...pruning, schedule: { kind: 'iterative', share }, train: { ...options, epochs: 1 } }, { use: 'evaluate' }]
}

/** Top-1 in percent of each seed, by method and sparsity. */
const scores = new Map<string, number[]>()
const keyOf = (name: Method, sparsity: number) => `${name}, ${sparsity}`
let zeros = new Set<string>()

const folder = experimentFolder(values.keep)
const runs = await openRecipeRuns(folder.path, 'layer-adaptive-trained')
const { tensorflow = '?' } = (await describeEngine()) ?? {}
try {
  for (const sparsity of sparsities) {
    zeros = new Set()
    for (const seed of seeds)
      for (const name of names) {
        const stages = await runs.work({
          name: `${network}, ${schedule}, ${name}, ${sparsity}, seed ${seed}`,
          model: { checkpoint },
          data: { path: images, augment: 'crop-flip', validation: 0 },
          seeds: [seed],
          stages: stagesOf(name, sparsity),
        })
        const [top1] = accuracies(stages)
        const [counts] = resultsOf(stages, 'evaluate')
        zeros.add(`${counts!.zeros} of ${counts!.weights}`)
        say(`${top1!.toFixed(1)} %, zeros ${[...zeros].join(', ')}`)
        const key = keyOf(name, sparsity)
        scores.set(key, [...(scores.get(key) ?? []), top1!])
        write()
      }
  }
} finally {
  await runs.close()
  folder.remove()
}

function write(): void {
  const known = sparsities.filter(sparsity => names.some(name => scores.has(keyOf(name, sparsity))))
  const text = (found: readonly number[] = []) => {
    if (found.length === 0) return ''
    const spread = sampleStandardDeviation(found)
    const count = found.length < seeds.length ? ` (n = ${found.length})` : ''
    return `${mean(found).toFixed(1)}${spread === null ? '' : ` ± ${spread.toFixed(1)}`}${count}`
  }
  const table = markdownTable([
    ['allocation', ...known.map(sparsity => `${network}, ${(100 * sparsity).toFixed(1)} %`)],
    ...names.map(name => [name, ...known.map(sparsity => text(scores.get(keyOf(name, sparsity))))]),
  ])
  const how =
    schedule === 'one-shot'
      ? `One cut, then ${epochs} epochs (${epochs * stepsAnEpoch} steps of ${batch}; SGD, learning rate ${lr}, momentum 0.9, Nesterov, weight decay 1e-4,
cosine by the step, crop and flip, the last weights).`
      : `In rounds: each takes ${100 * share} % of what is left, with an allocation, and curves, of its own, and trains an epoch of
${stepsAnEpoch} steps of ${batch} (SGD, learning rate ${lr} on a cosine in each round, momentum 0.9, Nesterov, weight decay 1e-4, crop and flip).`
  const chosen = begins ? ` --methods ${values.methods}` : ''
  writeSection(
    new URL('../docs/results.md', import.meta.url),
    `layer-adaptive-${schedule}-${network}`,
    `### ${network}, ${schedule === 'one-shot' ? 'one cut, then a short training' : 'cut and trained in rounds'}

\`npm run experiment -- layer-adaptive-trained --network ${network} --schedule ${schedule} --sparsities ${sparsities.join(',')}${chosen}\`, data and counts as
above. ${how}
Test top-1 in percent of 1,000 images, mean ± standard deviation over ${seeds.length} seeds of training. TensorFlow ${tensorflow}, ${cpus()[0]?.model.trim()}.

${table}
`,
  )
}
