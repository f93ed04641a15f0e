/**
 * Images a second of ResNet-20 evaluation, ours beside PyTorch. Both start from uint8 images in memory and end with
 * loss, top-1 and top-5, and take turns, so that whatever else the machine does hits both. Median of the rounds.
 */
import { architectureOf } from '../src/core/architectures.ts'
import type { Model } from '../src/core/graph/model.ts'
import { initialise } from '../src/core/initialise.ts'
import { normalization } from '../src/core/normalization.ts'
import { createRandom } from '../src/core/random.ts'
import { CompiledModel } from '../src/engine/compile/compiled-model.ts'
import { loadEngine } from '../src/engine/runtime/load.ts'
import { evaluate } from '../src/engine/stages/evaluate.ts'
import type { Dataset, Samples } from '../src/formats/datasets.ts'
import { evaluate as evaluateStage } from '../src/shared/stages/evaluate.ts'
import { moduleVersion, noTorch, talkToPython } from './python.ts'
import { stageContext } from './stage-context.ts'

const images = 1000
const rounds = 9
/** The stage's own batch, and everything at once. */
const batchSizes = [evaluateStage.schema.parse({ use: 'evaluate' }).batch, images]
const formats = ['contiguous', 'channels-last'] as const
const goal = 1.6

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const say = (line: string) => process.stdout.write(`${line}\n`)

/** Random pixels: the speed of a dense network does not depend on them. */
function randomImages(): Dataset {
  const random = createRandom(0)
  const size = 32 * 32 * 3
  const pixels = new Uint8Array(images * size).map(() => random.below(256))
  const labels = Int32Array.from({ length: images }, () => random.below(10))
  const read = async (indices: ArrayLike<number>, into: Samples) => {
    for (let i = 0; i < indices.length; i++)
      into.set(pixels.subarray(indices[i]! * size, (indices[i]! + 1) * size), i * size)
  }
  return {
    format: 'random',
    classes: Array.from({ length: 10 }, (_, label) => String(label)),
    sampleType: 'uint8',
    shape: [32, 32, 3],
    splits: { test: { name: 'test', count: images, labels, read } },
    notes: [],
    fingerprint: '',
    close: async () => {},
  }
}

const dataset = randomImages()
const graph = architectureOf('resnet20-a')
const model: Model = { architecture: 'resnet20-a', graph, weights: initialise(graph, 0), masks: new Map() }
const engine = await loadEngine()
const compiled = new CompiledModel(engine, graph, { sampleType: 'uint8', normalization: normalization('imagenet', 3) })
compiled.assign(model)
const context = stageContext({
  model,
  dataset,
  select: () => ({ split: dataset.splits.test!, indices: Int32Array.from({ length: images }, (_, index) => index) }),
  compiled: () => compiled,
})

async function ours(batch: number): Promise<number> {
  const start = performance.now()
  await evaluate({ use: 'evaluate', split: 'test', batch }, context)
  return (images / (performance.now() - start)) * 1000
}

const torchVersion = await moduleVersion('torch')

say(`ResNet-20, ${images.toLocaleString('en')} images of 32x32, images a second (median of ${rounds})`)
say(`TensorFlow ${engine.tensorflowVersion} on ${engine.deviceName}`)
say(torchVersion === null ? noTorch : `PyTorch ${torchVersion}`)
say(
  ['batch', 'Espalier', ...(torchVersion ? [...formats, 'times the best'] : [])]
    .map(title => title.padStart(15))
    .join(''),
)
for (const batch of batchSizes) {
  // A fresh process for each size, as an evaluation has it. It matters: at batch 128 PyTorch gives its memory back to
  // the system after every layer, until glibc has seen the larger blocks of batch 1,000 and keeps them; the same 2,500
  // images a second are then 4,100 (measured on two cores; MALLOC_TRIM_THRESHOLD_ does the same).
  const torch = torchVersion === null ? null : await talkToPython('evaluate.py', [String(images)])
  const own: number[] = []
  const other = new Map(formats.map(format => [format, [] as number[]]))
  // The first round warms up.
  for (let round = -1; round < rounds; round++) {
    if (round === 0) for (const rates of [own, ...other.values()]) rates.length = 0
    own.push(await ours(batch))
    if (!torch) continue
    for (const [format, rates] of other) rates.push((await torch.ask<{ rate: number }>(`${format} ${batch}`)).rate)
  }
  const measured = [own, ...(torch ? other.values() : [])].map(median)
  const cells = [batch, ...measured.map(Math.round)].map(number => number.toLocaleString('en'))
  if (torch) cells.push((measured[0]! / Math.max(...measured.slice(1))).toFixed(2))
  torch?.close()
  say(cells.map(cell => cell.padStart(15)).join(''))
}
if (torchVersion) say(`goal: ${goal} times the best of PyTorch`)
compiled.dispose()
