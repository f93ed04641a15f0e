/**
 * Trains a compiled model: epochs of seeded steps, validation after each, and a state on disk from which the same numbers
 * follow. Everything random is drawn by keys such as (epoch, step): the place in training is all there is to remember.
 */
import { elementCount } from '../../core/graph/dims.ts'
import type { Masks, Model } from '../../core/graph/model.ts'
import { deriveSeed } from '../../core/random.ts'
import { learningRateAt } from '../../core/training/learning-rate.ts'
import { epochOrder } from '../../core/training/order.ts'
import { type Batch, epochBatches } from '../../formats/batches.ts'
import { EspalierError, toErrorData } from '../../shared/errors.ts'
import type { EpochRecord, Training } from '../../shared/training.ts'
import type { StepResult, Taught, TrainableModel } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'
import { createMeter } from './meter.ts'
import { watchNorms } from './norm-watch.ts'
import { gradientGroup, learningRateOf } from './options.ts'
import type { Plan } from './plan.ts'
import { requireMasked, shareOfZeros, withTrained } from './pruner.ts'
import { openSavedTraining } from './saved-training.ts'
import type { Position } from './state-file.ts'
import { type ValidationScore, validate } from './validate.ts'

export interface LoopOptions {
  readonly training: Training
  readonly compiled: TrainableModel
  /** Names of the parameters that are trained. */
  readonly trained: ReadonlySet<string>
  readonly seed: number
  /** Made when it is known how many steps an epoch has. */
  readonly planFor: (steps: number) => Plan
  /** Prunes what is being trained and gives its masks; `step` counts from the start. */
  readonly prune?: (model: Model, sparsity: number, step: number) => Promise<Masks>
  /** What else is recorded of a step: by name, for one sample. */
  readonly recordStep?: (taken: StepResult, count: number) => Readonly<Record<string, number>>
  /** What else is recorded of an epoch. */
  readonly recordEpoch?: (score: ValidationScore) => Readonly<Record<string, number>>
  /** What the teacher says of samples of the training split, where it is known. */
  readonly taught?: (indices: Int32Array) => Taught | undefined
  /** The settings that make this training the one it is. */
  readonly settings: unknown
}

export interface LoopOutcome {
  readonly model: Model
  readonly trainableParams: number
  readonly epochs: EpochRecord[]
  readonly kept: number
  readonly stoppedEarly: boolean
}

export async function train(context: StageContext, options: LoopOptions): Promise<LoopOutcome> {
  const { training, compiled, seed } = options
  const { record, dataset, augmentation, signal } = context
  const { split, indices } = context.select('train')
  const validation = context.validation()
  const size = training.batch
  const samples = usableSamples(indices.length, size)
  const steps = Math.ceil(samples / size)
  const plan = options.planFor(steps)
  const epochs = plan.rounds * training.epochs
  const rates = learningRateOf(training)
  const saved = await openSavedTraining(context, { ...options, samples })
  const { position } = saved
  const meter = createMeter(position)
  const norms = watchNorms(compiled, options.trained, epochs * steps, record)
  let lastRate: number | undefined

  const stepsDone = () => position.epoch * steps + position.step
  const tell = () => context.step(position.epoch * samples + Math.min(position.step * size, samples), epochs * samples)
  const hasStalled = () =>
    training.earlyStop !== undefined &&
    position.best !== null &&
    position.epochs.length - position.best.epoch >= training.earlyStop

  async function pruneIfDue(epoch: number, step: number): Promise<void> {
    const sparsity = plan.sparsityAt(epoch, step)
    if (sparsity === undefined || !options.prune) return
    saved.masks = await options.prune(withTrained(context.model, compiled, saved.masks), sparsity, stepsDone())
  }

  function takeStep({ samples: batch, labels, count }: Batch, taught: Taught | undefined): void {
    const { epoch, step, sums } = position
    const learningRate = learningRateAt(rates, epoch % training.epochs, step, steps)
    const taken = compiled.step({
      samples: batch,
      labels,
      learningRate,
      seed: deriveSeed(seed, 'dropout', epoch, step),
      ...(taught && { taught }),
    })
    position.step++
    sums.loss += taken.loss
    sums.correct += taken.correct
    sums.samples += count
    if (step === 0) sums.learningRate = learningRate
    meter.lap(count)
    const isRateNews = learningRate !== lastRate || position.step === steps
    lastRate = learningRate
    record.points(stepsDone(), {
      loss: taken.loss / count,
      gradientNorm: taken.gradientNorms.get(gradientGroup)!,
      ...(isRateNews && { learningRate }),
      ...options.recordStep?.(taken, count),
      ...(record.isDue() && meter.machine()),
    })
    norms.look(stepsDone())
  }

  async function trainEpoch(): Promise<void> {
    const { epoch } = position
    if (position.step === 0 && epoch > 0 && epoch % training.epochs === 0) {
      // A round begins as a training of its own does.
      compiled.assign(withTrained(context.model, compiled, saved.masks))
    }
    const order = epochOrder(indices, seed, epoch).subarray(0, samples)
    const how = { augmentation, seed: deriveSeed(seed, 'epoch', epoch), from: position.step, signal }
    for await (const batch of epochBatches(split, order, size, dataset, how)) {
      await pruneIfDue(epoch, position.step)
      const from = position.step * size
      takeStep(batch, options.taught?.(order.subarray(from, from + batch.count)))
      await tell()
      await saved.saveIfDue()
    }
  }

  /** What an epoch has come to, once its steps are done. */
  async function endEpoch(): Promise<void> {
    const score = validation && (await validate(compiled, validation, size, context, tell))
    if (score && !Number.isFinite(score.loss)) throw notFinite(`the validation loss is ${score.loss}`)
    meter.lap(0)
    const { sums } = position
    const trained = withTrained(context.model, compiled, saved.masks)
    const epoch = position.epoch + 1
    const done: EpochRecord = {
      epoch,
      loss: sums.loss / sums.samples,
      trainTop1: sums.correct / sums.samples,
      valTop1: score?.top1 ?? null,
      valLoss: score?.loss ?? null,
      learningRate: sums.learningRate,
      sparsity: shareOfZeros(trained),
      seconds: sums.seconds,
    }
    const { loss: trainLoss, trainTop1, valTop1, valLoss } = done
    record.points(stepsDone(), {
      epoch,
      trainLoss,
      trainTop1,
      ...(valTop1 !== null && { valTop1, valLoss: valLoss! }),
      ...(score && options.recordEpoch?.(score)),
    })
    if (score && position.epoch >= plan.settledAt) saved.offerBest(epoch, score, trained.weights)
    position.epochs.push(done)
    position.epoch = epoch
    position.step = 0
    position.seconds += sums.seconds
    position.sums = { loss: 0, correct: 0, samples: 0, learningRate: 0, seconds: 0 }
  }

  if (stepsDone() === 0) norms.look(0)
  try {
    while (position.epoch < epochs && !hasStalled()) {
      await trainEpoch()
      await endEpoch()
      await saved.save()
    }
    await pruneIfDue(epochs, 0)
  } catch (thrown) {
    // Stopped, a number that is not finite, a file that cannot be read: whatever it was, this much is done.
    await saved.save()
    throw inPlace(thrown, position, steps)
  }
  record.flush()
  const last = withTrained(context.model, compiled, saved.masks)
  requireMasked(last.weights, last.masks)
  requireMasked(saved.best, saved.best.size > 0 ? last.masks : new Map())
  const isBest = training.keep === 'best' && position.best !== null
  return {
    model: isBest ? { ...last, weights: saved.best } : last,
    trainableParams: [...options.trained].reduce(
      (sum, name) => sum + elementCount(context.model.graph.parameters[name]!.dims),
      0,
    ),
    epochs: position.epochs,
    kept: isBest ? position.best!.epoch : position.epochs.length,
    stoppedEarly: position.epoch < epochs,
  }
}

/** Batch normalisation has nothing to normalise by in a batch of one sample: such a rest is left out. */
export function usableSamples(count: number, batch: number): number {
  return batch > 1 && count > batch && count % batch === 1 ? count - 1 : count
}

const notFinite = (what: string) =>
  new EspalierError({
    code: 'run.not-finite',
    message: `${what}.`,
    rule: 'Training stops where a number is infinite or not a number.',
    hint: 'Try a smaller learning rate, a warm-up, or clipping.',
  })

/** The same error with the place in training, where it is about a number of it. */
function inPlace(thrown: unknown, { epoch, step }: Position, steps: number): unknown {
  if (!(thrown instanceof EspalierError) || thrown.code !== 'run.not-finite') return thrown
  const where = step < steps ? `In step ${step + 1} of epoch ${epoch + 1}` : `After epoch ${epoch + 1}`
  const what = thrown.message.charAt(0).toLowerCase() + thrown.message.slice(1)
  return new EspalierError({ ...toErrorData(thrown), message: `${where}, ${what}` }, { cause: thrown })
}
