/**
 * The deepest network of the batch norm paper: how long ResNet-866 takes to compile, to its first step and for the steps
 * after that, and what memory it needs. Trains batch norm alone. `-- deep ID BATCH` measures another network or batch.
 */
import { architectureOf } from '../src/core/architectures.ts'
import { initialise } from '../src/core/initialise.ts'
import { normalization } from '../src/core/normalization.ts'
import { trainables } from '../src/core/training/trainables.ts'
import { TrainableModel } from '../src/engine/compile/training.ts'
import { loadEngine } from '../src/engine/runtime/load.ts'
import { setEngineThreads } from '../src/engine/runtime/threads.ts'
import { randomBatch } from './step/worker.ts'

const [id = 'resnet866-b', batch = '32'] = process.argv.slice(2)
const steps = 4
setEngineThreads()
const engine = await loadEngine()
const graph = architectureOf(id)

function timed<T>(what: string, work: () => T): T {
  const start = performance.now()
  const result = work()
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(8)
  const memory = (process.memoryUsage.rss() / 1e9).toFixed(2).padStart(8)
  process.stdout.write(`${what.padEnd(36)}${seconds} s${memory} GB\n`)
  return result
}

process.stdout.write(`${id}, batch ${batch}: time of each, memory after it\n`)
const model = timed('compile', () => {
  const { parameters } = trainables.batchnorm({ architecture: id, graph, masks: new Map() }, 0)
  return new TrainableModel(engine, graph, {
    sampleType: 'uint8',
    normalization: normalization('imagenet', 3),
    precision: 'f32',
    optimizer: { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 1e-4 },
    labelSmoothing: 0,
    trained: parameters,
  })
})
const weights = initialise(graph, 0, 'uniform')
timed('assign', () => model.assign({ weights, masks: new Map() }))
const { pixels: samples, labels } = randomBatch(Number(batch))
const step = (seed: number) => model.step({ samples, labels, learningRate: 0.1, seed })
timed('first step', () => step(0))
timed(`${steps} steps after it`, () => {
  for (let seed = 1; seed <= steps; seed++) step(seed)
})
timed('first evaluation', () => model.evaluate(samples, labels))
timed('read all weights', () => model.readAll())
timed('read all state', () => model.readState())
model.dispose()
