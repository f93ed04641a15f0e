import type { Graph, Weights } from '../../core/graph/model.ts'
import { deriveSeed } from '../../core/random.ts'
import { epochOrder } from '../../core/training/order.ts'
import { batches } from '../../formats/batches.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { StageRunner } from '../stage-runner.ts'
import { countZeros, withTrained } from '../training/pruner.ts'

/**
 * Running statistics as the mean of those of a few batches. The samples are as they are stored, not augmented: so are those
 * that the model will be scored on.
 */
export const recalibrate: StageRunner<'recalibrate'> = async (stage, context) => {
  const { model, dataset, seed, signal } = context
  const statistics = statisticsOf(model.graph)
  if (statistics.length === 0) throw nothingToMeasure(model.architecture)
  const { split, indices } = context.select('train')
  const order = epochOrder(indices, deriveSeed(seed, 'recalibrate', context.occurrence), 0)
  // A short last batch would weigh as much as the others.
  const whole = Math.min(stage.batches, Math.floor(order.length / stage.batch))
  const chosen = order.subarray(0, whole === 0 ? order.length : whole * stage.batch)
  const compiled = context.trainable({
    precision: 'f32',
    optimizer: { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 },
    labelSmoothing: 0,
    trained: new Set(),
    masked: new Set(model.masks.keys()),
  })
  let done = 0
  let place = 0
  for await (const { samples, count } of batches(split, chosen, stage.batch, dataset, signal)) {
    compiled.recalibrate(samples, count, 1 / (place + 1), deriveSeed(seed, 'recalibrate', context.occurrence, place))
    place++
    done += count
    await context.step(done, chosen.length)
  }
  const found = withTrained(model, compiled, model.masks)
  for (const name of statistics.flatMap(({ mean, variance }) => [mean, variance]))
    if (!found.weights.get(name)!.every(Number.isFinite)) throw notFinite(name)
  context.model = found
  return {
    batches: place,
    samples: done,
    shift: shiftOf(statistics, model.weights, found.weights),
    ...countZeros(context.model),
  }
}

/** ONNX: BatchNormalization(x, gamma, beta, mean, variance). */
const statisticsOf = (graph: Graph) =>
  graph.nodes.flatMap(({ op, inputs }) =>
    op === 'BatchNormalization' ? [{ mean: inputs[3]!, variance: inputs[4]! }] : [],
  )

/** Root of the mean square of (mean - old mean) / old standard deviation over all channels. */
function shiftOf(statistics: ReturnType<typeof statisticsOf>, before: Weights, after: Weights): number {
  let sum = 0
  let channels = 0
  for (const { mean, variance } of statistics) {
    const [old, spread, found] = [before.get(mean)!, before.get(variance)!, after.get(mean)!]
    for (const [i, value] of found.entries()) sum += (value - old[i]!) ** 2 / (spread[i]! + epsilon)
    channels += found.length
  }
  return Math.sqrt(sum / channels)
}

/** Of channels that never vary. */
const epsilon = 1e-5

const nothingToMeasure = (architecture: string) =>
  new EspalierError({
    code: 'stage.no-change',
    message: `There is nothing to recalibrate: ${architecture} has no batch normalisation.`,
    rule: 'A stage that changes nothing stops the run.',
    hint: 'Leave the stage out.',
  })

const notFinite = (name: string) =>
  new EspalierError({
    code: 'run.not-finite',
    message: `The statistics "${name}" are not finite numbers.`,
    rule: 'A model can be recalibrated where its activations are finite numbers.',
    hint: 'Check the checkpoint, and that the normalisation is the one it was trained with.',
  })
