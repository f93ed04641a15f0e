/**
 * Allocations at equal sparsity in one shot: ResNet-20 and ResNet-32 as they were trained, and a VGG-16-BN that is trained
 * here; with a training after it, see layer-adaptive-trained. Writes its tables into docs/results.md as cells come.
 * `--data PATH` is the folder of the real data (../shared/data); `--keep FOLDER` keeps what was measured, so that an
 * experiment that was cut off goes on.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Model } from '../src/core/graph/model.ts'
import { normalization } from '../src/core/normalization.ts'
import { createAllocationSolver } from '../src/core/pruning/allocation-solver.ts'
import { curveFractions, type DistortionRequest, interpolate } from '../src/core/pruning/curves.ts'
import { prune, rankedLayers, rankLayers } from '../src/core/pruning/prune.ts'
import { CompiledModel } from '../src/engine/compile/compiled-model.ts'
import { calibrationBatches } from '../src/engine/distortion/calibration.ts'
import { distortionCurves } from '../src/engine/distortion/curves.ts'
import { jointDistortion } from '../src/engine/distortion/joint.ts'
import { runJob } from '../src/engine/job.ts'
import { loadEngine } from '../src/engine/runtime/load.ts'
import { openCheckpoint } from '../src/formats/checkpoints.ts'
import { openDataset } from '../src/formats/datasets.ts'
import { importModel } from '../src/formats/import-model.ts'
import { type Calibration, usualFractions } from '../src/shared/distortion.ts'
import { parseRecipe } from '../src/shared/recipe.ts'
import {
  allMethods,
  type Cell,
  calibration256,
  checkpointOf,
  jointSparsities,
  keptCells,
  keyOf,
  type Method,
  methods,
  type Network,
  oneShotSparsities,
} from './layer-adaptive/cells.ts'
import { jointTable, oneShotTable } from './layer-adaptive/tables.ts'
import { experimentFolder, say } from './recipe-runs.ts'
import { writeSection } from './section.ts'

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, keep: { type: 'string' } },
})
const data = resolve(values.data)
const images = join(data, 'cifar10-first1000')
for (const file of [images, ...Object.values(checkpointOf).map(name => join(data, 'checkpoints', name))])
  if (!existsSync(file)) throw new Error(`there is no ${file}`)

const { path: folder, remove: removeFolder } = experimentFolder(values.keep)
const { cells, keep } = keptCells(join(folder, 'cells.json'))

const engine = await loadEngine()
const dataset = await openDataset(images)
const cacheDirectory = join(folder, 'cache')
const { signal } = new AbortController()

/** Measures a cell that is not there yet, and writes it and the tables down. */
async function cell(key: string, measure: () => Promise<Cell>): Promise<void> {
  if (cells.has(key)) return
  const began = performance.now()
  const found = await measure()
  keep(key, found)
  say(`${key}: ${JSON.stringify(found)}, ${((performance.now() - began) / 1000).toFixed(0)} s`)
  writeTables()
}

// ---- In one shot

const compile = ({ graph }: Model) =>
  new CompiledModel(engine, graph, { sampleType: 'uint8', normalization: normalization('imagenet', 3) })

/** Of the model that `compiled` is left with. */
async function curvesOf(compiled: CompiledModel, model: Model, calibration: Calibration) {
  compiled.assign(model)
  return distortionCurves({
    ...{ compiled, model, calibration, dataset, cacheDirectory, signal },
    rankings: rankLayers(model, { score: 'magnitude' }),
    fractions: curveFractions(usualFractions),
    step: async () => {},
  })
}

async function oneShot(
  network: string,
  model: Model,
  names: readonly Method[],
  calibrate: (c: Calibration) => Calibration,
) {
  const compiled = compile(model)
  const test = dataset.splits.test!
  const samples = new Uint8Array(test.count * 3072)
  await test.read(
    Array.from({ length: test.count }, (_, i) => i),
    samples,
  )
  const score = async (pruned: Model) => {
    compiled.assign(pruned)
    let right = 0
    for (let from = 0; from < test.count; from += 100)
      right += compiled.evaluate(
        samples.slice(from * 3072, (from + 100) * 3072),
        test.labels.slice(from, from + 100),
      ).top1
    return right / test.count
  }
  try {
    await cell(keyOf(network, 'one-shot', 'dense', 0), async () => ({ top1: await score(model), zeros: 0, weights: 1 }))
    for (const name of names) {
      const { allocation, ...more } = methods[name]
      const missing = oneShotSparsities.filter(sparsity => !cells.has(keyOf(network, 'one-shot', name, sparsity)))
      if (missing.length === 0) continue
      const request: DistortionRequest | undefined =
        'curve' in more
          ? {
              curves: await curvesOf(compiled, model, calibrate(more.calibration)),
              curve: more.curve,
              monotone: true,
              budget: 'weights',
            }
          : undefined
      for (const sparsity of missing) {
        await cell(keyOf(network, 'one-shot', name, sparsity), async () => {
          const pruned = prune(model, {
            allocation,
            score: 'magnitude',
            sparsity,
            seed: 0,
            ...(request && { distortion: request }),
          })
          return { top1: await score(pruned.model), zeros: pruned.zeros, weights: pruned.weights }
        })
      }
    }
  } finally {
    compiled.dispose()
  }
}

/** Of ResNet-20: the sum of the layers' distortions that an allocation comes to, and that of the whole. */
async function distortions(model: Model): Promise<void> {
  const compiled = compile(model)
  try {
    compiled.assign(model)
    const ranked = rankedLayers(model, { score: 'magnitude' })
    const curves = await curvesOf(compiled, model, calibration256)
    const solver = createAllocationSolver(ranked, 0)
    for (const name of allMethods) {
      const { allocation, ...more } = methods[name]
      if ('calibration' in more && more.calibration.choose === 'noise') continue
      const own = { curves, curve: 'curve' in more ? more.curve : 'mean', monotone: true, budget: 'weights' } as const
      for (const sparsity of jointSparsities) {
        await cell(keyOf('ResNet-20', 'joint', name, sparsity), async () => {
          const { zeros } = solver.solve({ allocation, sparsity, distortion: own })
          const [joint] = await jointDistortion({
            ...{ compiled, model, rankings: ranked.rankings, allocations: [zeros], curve: 'mean' },
            batches: calibrationBatches(dataset, calibration256, compiled, signal),
            step: async () => {},
          })
          const sum = zeros.reduce(
            (total, count, i) => total + interpolate(curves[i]!.zeroed, curves[i]!.mean, count),
            0,
          )
          return { sum, joint: joint! }
        })
      }
    }
  } finally {
    compiled.dispose()
  }
}
// ---- VGG-16-BN

/** VGG-16-BN, trained on the same 5,000 images. */
async function trainedVgg(): Promise<Model> {
  const file = join(folder, 'vgg16-bn.safetensors')
  if (!existsSync(file)) {
    const recipe = parseRecipe({
      model: { architecture: 'vgg16-bn-cifar' },
      data: { path: images, augment: 'crop-flip', validation: 0 },
      stages: [
        {
          ...{ use: 'train', epochs: vggEpochs, batch: 128, keep: 'last', precision: 'bf16' },
          ...{ optimizer: { kind: 'adam', lr: 0.001 }, schedule: { kind: 'cosine', per: 'step' } },
        },
      ],
    })
    const workDirectory = mkdtempSync(join(folder, 'work-'))
    const job = { runId: 'experiment', recipe, seed: 0, firstStage: 0, workDirectory, cacheDirectory }
    await runJob(
      { ...job, stateDirectory: join(workDirectory, 'state') },
      message => {
        if (message.type === 'stage-finished') copyFileSync(message.modelFile!, file)
      },
      signal,
    )
    rmSync(workDirectory, { recursive: true })
    say('VGG-16-BN is trained')
  }
  return importModel(await openCheckpoint(file)).model
}
const vggEpochs = 6

// ---- Report

const began = performance.now()

function writeTables(): void {
  const shots = ['ResNet-20', 'ResNet-32'].flatMap(network => oneShotTable(cells, network) ?? [])
  const [vgg, joint] = [oneShotTable(cells, 'VGG-16-BN'), jointTable(cells)]
  writeSection(
    new URL('../docs/results.md', import.meta.url),
    'layer-adaptive',
    `## Layer-adaptive pruning

\`npm run experiment -- layer-adaptive\`: akamaster's checkpoints, magnitude within each layer, allocations at equal sparsity:
exactly floor(s N) zeros (uniform: floor(s n) in each layer, at most one weight a layer fewer). Lossless CIFAR-10, the first
1,000 images of each batch: 5,000 for training, of which 256 at even distances for the curves (or as much noise), 1,000 for the
test. Top-1 in percent; one standard error of a cell is about a point, and all cells of a column see the same images, so that
differences within it are surer. Nothing was chosen by these numbers; a blank cell was not run. TensorFlow ${engine.tensorflowVersion}, ${availableParallelism()} processors (${cpus()[0]?.model.trim()}).

In one shot, without any training or recalibration:

${shots.join('\n\n')}
${
  joint
    ? `
ResNet-20, mean squared change of the logits on the 256 calibration images: the sum over the layers, each pruned alone, which
rate-distortion minimises, / that of the pruned network as a whole:

${joint}
`
    : ''
}${
  vgg
    ? `
VGG-16-BN, trained here for ${vggEpochs} epochs on the 5,000 images (Adam, 0.001, cosine, bf16, seed 0; curves of 32 images), in one shot:

${vgg}
`
    : ''
}`,
  )
}

say(`what is measured is kept in ${folder}`)
const load = async (network: Network) =>
  importModel(await openCheckpoint(join(data, 'checkpoints', checkpointOf[network]))).model
const asGiven = (calibration: Calibration) => calibration
await oneShot('ResNet-20', await load('ResNet-20'), allMethods, asGiven)
await distortions(await load('ResNet-20'))
await oneShot(
  'ResNet-32',
  await load('ResNet-32'),
  allMethods.filter(name => !name.includes('no data')),
  asGiven,
)
await oneShot(
  'VGG-16-BN',
  await trainedVgg(),
  allMethods.filter(name => !name.includes('no data')),
  ({ choose }) => ({ images: 32, choose }),
)
await dataset.close()
removeFolder()
say(`done in ${((performance.now() - began) / 60_000).toFixed(1)} minutes; the tables are in docs/results.md`)
