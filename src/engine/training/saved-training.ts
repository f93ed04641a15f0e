/** Where a training is and what it has found so far, in memory and in its state on disk. */
import { prunableLayers } from '../../core/graph/cost.ts'
import type { Masks, Weights } from '../../core/graph/model.ts'
import type { TrainableModel, TrainingState } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'
import type { Position } from './state-file.ts'
import type { ValidationScore } from './validate.ts'

export interface SavedTraining {
  readonly position: Position
  /** As the session has them. */
  masks: Masks
  /** Parameters after the best epoch on validation; empty while there is none. */
  readonly best: Weights
  /** Keeps `weights` if `score` is better than all before: more right, or as many with a lower loss. */
  offerBest(epoch: number, score: ValidationScore, weights: Weights): void
  save(): Promise<void>
  /** Saves where the last time is a while ago. */
  saveIfDue(): Promise<void>
}

interface Options {
  readonly compiled: TrainableModel
  readonly settings: unknown
  readonly seed: number
  readonly samples: number
}

/** Goes on from the state on disk, if there is one of this training. */
export async function openSavedTraining(
  context: StageContext,
  { compiled, settings, seed, samples }: Options,
): Promise<SavedTraining> {
  const training = JSON.stringify({ settings, seed, samples, augmentation: context.augmentation })
  const found = await context.state.read()
  const isOurs = found?.training === training
  if (isOurs) {
    compiled.assignState(found.tensors)
    context.record.replay(found.tail)
    context.earlierSeconds = found.position.seconds + found.position.sums.seconds
  }
  const position: Position = isOurs ? found.position : structuredClone(beginning)
  const { graph } = context.model
  const kernels = prunableLayers(graph).map(({ name, kernel }) => ({
    layer: name,
    parameter: kernel,
    dims: [...graph.parameters[kernel]!.dims],
  }))
  let savedAt = performance.now()
  const saved = {
    position,
    masks: isOurs ? masksIn(found.tensors) : context.model.masks,
    best: isOurs ? found.best : (new Map() as Weights),
    offerBest(epoch: number, { top1, loss }: ValidationScore, weights: Weights) {
      const before = position.best
      if (before && (top1 < before.top1 || (top1 === before.top1 && loss >= before.loss))) return
      position.best = { epoch, top1, loss }
      saved.best = weights
    },
    async save() {
      savedAt = performance.now()
      const tensors = compiled.readState()
      // A state with numbers that are not finite is no state to go on from: the one before is kept.
      if (!isFiniteState(tensors)) return
      context.record.flush()
      const tail = context.record.tail()
      await context.state.write({ training, kernels, position, tail, tensors, best: saved.best })
    },
    async saveIfDue() {
      if (performance.now() - savedAt >= context.state.everyMs) await saved.save()
    },
  }
  return saved
}

const beginning: Position = {
  epoch: 0,
  step: 0,
  sums: { loss: 0, correct: 0, samples: 0, learningRate: 0, seconds: 0 },
  seconds: 0,
  epochs: [],
  best: null,
}

/** Masks that keep everything are none. */
function masksIn(tensors: TrainingState): Masks {
  const masks = new Map<string, Uint8Array>()
  for (const [key, values] of tensors) {
    if (key.startsWith('mask/') && values.includes(0)) masks.set(key.slice('mask/'.length), Uint8Array.from(values))
  }
  return masks
}

/** Zero times a number that is not finite is not a number, and stays one in the sum. */
export function isFiniteState(tensors: TrainingState): boolean {
  let sum = 0
  for (const values of tensors.values()) for (let i = 0; i < values.length; i++) sum += 0 * values[i]!
  return sum === 0
}
