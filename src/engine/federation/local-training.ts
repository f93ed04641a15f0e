/**
 * The training of one client in one round: epochs over its own samples in orders of its own. What is drawn follows from
 * its seed and the place in it, as in any training (`training/loop.ts`).
 */
import { reachOf } from '../../core/federation/reach.ts'
import { deriveSeed } from '../../core/random.ts'
import { type LearningRate, learningRateAt } from '../../core/training/learning-rate.ts'
import { epochOrder } from '../../core/training/order.ts'
import { type Batch, epochBatches } from '../../formats/batches.ts'
import type { Split } from '../../formats/dataset.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'
import { usableSamples } from '../training/loop.ts'
import { gradientGroup } from '../training/options.ts'
import type { Position } from '../training/state-file.ts'

export interface LocalTraining {
  readonly settings: Pick<StageOf<'federate'>, 'localEpochs' | 'batch' | 'optimizer'>
  readonly rates: LearningRate
  readonly split: Split
  /** Those of the client. */
  readonly samples: Int32Array
  /** Of this client and round. */
  readonly seed: number
  /** Rounds before this one: the learning rate goes on from round to round. */
  readonly round: number
  /** Steps after which it ends, whether its epochs are over or not. */
  readonly steps: number
}

/** Steps of an epoch over so many samples. */
export const stepsOfEpoch = (samples: number, batch: number): number => Math.ceil(usableSamples(samples, batch) / batch)

/** What was taken in a step. */
export interface LocalStep {
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  readonly count: number
}

/**
 * Trains from `position` on, which it moves; `compiled` is what the client has. `afterStep` is awaited after every step and
 * may end it by throwing; `afterEpoch` runs when an epoch is complete, before the step after is drawn. Throws
 * `run.not-finite`, and what reading samples throws.
 */
export async function trainLocally(
  { settings, rates, split, samples, seed, round, steps }: LocalTraining,
  compiled: TrainableModel,
  { dataset, augmentation, signal }: Pick<StageContext, 'dataset' | 'augmentation' | 'signal'>,
  position: Pick<Position, 'epoch' | 'step' | 'sums'>,
  hooks: { readonly afterStep: (step: LocalStep) => Promise<void>; readonly afterEpoch: () => void },
): Promise<void> {
  const size = settings.batch
  const usable = usableSamples(samples.length, size)
  const perEpoch = Math.ceil(usable / size)
  const isOver = () => position.epoch >= settings.localEpochs || position.epoch * perEpoch + position.step >= steps

  function takeStep({ samples: batch, labels, count }: Batch): LocalStep {
    const { epoch, step, sums } = position
    const learningRate = learningRateAt(rates, round * settings.localEpochs + epoch, step, perEpoch)
    const drawn = deriveSeed(seed, 'dropout', epoch, step)
    const { loss, correct, gradientNorms } = compiled.step({ samples: batch, labels, learningRate, seed: drawn })
    position.step++
    sums.loss += loss
    sums.correct += correct
    sums.samples += count
    return { loss: loss / count, gradientNorm: gradientNorms.get(gradientGroup)!, learningRate, count }
  }

  while (!isOver()) {
    const { epoch } = position
    const order = epochOrder(samples, seed, epoch).subarray(0, usable)
    const how = { augmentation, seed: deriveSeed(seed, 'epoch', epoch), from: position.step, signal }
    for await (const batch of epochBatches(split, order, size, dataset, how)) {
      if (isOver()) break
      const step = takeStep(batch)
      const isComplete = position.step === perEpoch
      if (isComplete) {
        hooks.afterEpoch()
        position.epoch++
        position.step = 0
      }
      await hooks.afterStep(step)
    }
  }
}

/** How far the first `steps` steps reach (`reach.ts`); 1 for optimizers of which that cannot be said. */
export function reachOfSteps(
  { settings, rates, round }: Pick<LocalTraining, 'settings' | 'rates' | 'round'>,
  steps: number,
  perEpoch: number,
): number {
  const { optimizer, localEpochs } = settings
  if (optimizer.kind !== 'sgd') return 1
  const rateAt = (step: number) =>
    learningRateAt(rates, round * localEpochs + Math.floor(step / perEpoch), step % perEpoch, perEpoch)
  return reachOf(
    Array.from({ length: steps }, (_, step) => rateAt(step)),
    optimizer,
  )
}
