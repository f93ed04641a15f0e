/** Our training step. Arguments: architecture, batch, f32 or bf16, what is trained (all). */
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { normalization } from '../../src/core/normalization.ts'
import { trainables } from '../../src/core/training/trainables.ts'
import { TrainableModel } from '../../src/engine/compile/training.ts'
import { loadEngine } from '../../src/engine/runtime/load.ts'
import { setEngineThreads } from '../../src/engine/runtime/threads.ts'
import type { TrainableId } from '../../src/shared/methods.ts'
import { answer, randomBatch } from './worker.ts'

const [id, batch, precision, trainable = 'all'] = process.argv.slice(2)
const graph = architectureOf(id!)
const { parameters: trained } = trainables[trainable as TrainableId]({ architecture: id!, graph, masks: new Map() }, 0)
setEngineThreads()
const model = new TrainableModel(await loadEngine(), graph, {
  sampleType: 'uint8',
  normalization: normalization('imagenet', 3),
  precision: precision === 'bf16' ? 'bf16' : 'f32',
  optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  labelSmoothing: 0,
  trained,
})
model.assign({ weights: initialise(graph, 0), masks: new Map() })
const { pixels: samples, labels } = randomBatch(Number(batch))
let seed = 0
await answer(() => model.step({ samples, labels, learningRate: 0.01, seed: seed++ }))
