/** Our step of distillation. Arguments: logit or feature, f32 or bf16, asked or kept (what the teacher says), batch. */
import { architectureOf } from '../../src/core/architectures.ts'
import { initialiseProjections, projectionParameters } from '../../src/core/distillation/projections.ts'
import { pairTaps } from '../../src/core/distillation/taps.ts'
import { trainableParameters } from '../../src/core/graph/cost.ts'
import { initialise } from '../../src/core/initialise.ts'
import { normalization } from '../../src/core/normalization.ts'
import { TrainableModel } from '../../src/engine/compile/training.ts'
import { loadEngine } from '../../src/engine/runtime/load.ts'
import { setEngineThreads } from '../../src/engine/runtime/threads.ts'
import { answer, randomBatch } from './worker.ts'

const [kind, precision, source, batch] = process.argv.slice(2)
const [graph, teacher] = [architectureOf('resnet8-a'), architectureOf('resnet20-a')]
const taps = pairTaps(graph, teacher)
const parameters = kind === 'feature' ? projectionParameters(taps) : {}
setEngineThreads()
const model = new TrainableModel(await loadEngine(), graph, {
  sampleType: 'uint8',
  normalization: normalization('imagenet', 3),
  precision: precision === 'bf16' ? 'bf16' : 'f32',
  optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  labelSmoothing: 0,
  groups: [
    { name: 'all', parameters: new Set([...trainableParameters(graph), ...Object.keys(parameters)]), maxNorm: 1 },
  ],
  distillation: {
    teacher,
    alpha: 0.7,
    loss: kind === 'feature' ? { kind, beta: 0.5, taps, scaling: false } : { kind: 'logit', temperature: 4 },
  },
})
model.assign({ weights: initialise(graph, 0), masks: new Map() })
model.assignTeacher(
  { architecture: 'resnet20-a', graph: teacher, weights: initialise(teacher, 1), masks: new Map() },
  initialiseProjections(parameters, 0),
)
const { pixels: samples, labels } = randomBatch(Number(batch))
const taught = source === 'kept' ? model.teach(samples, labels.length) : undefined
let seed = 0
await answer(() => model.step({ samples, labels, learningRate: 0.01, seed: seed++, ...(taught && { taught }) }))
