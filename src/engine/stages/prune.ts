import { prunableParameters, trainableParameters } from '../../core/graph/cost.ts'
import type { Model } from '../../core/graph/model.ts'
import type { Pruned } from '../../core/pruning/prune.ts'
import { floorShare } from '../../core/pruning/share.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { deriveSeed } from '../../core/random.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { Training } from '../../shared/training.ts'
import type { StageContext, StageRunner } from '../stage-runner.ts'
import { train } from '../training/loop.ts'
import { programOptions } from '../training/options.ts'
import { planOf } from '../training/plan.ts'
import { countZeros, meanGradients, needsGradients, pruneTo, requireChange, shareOfZeros } from '../training/pruner.ts'

/** At once and on the host; or step by step in the graph that trains the rest meanwhile. */
export const prune: StageRunner<'prune'> = async (stage, context) => {
  const { train: training, ...settings } = stage
  if (training) return pruneWhileTraining(settings, training, context)
  const gradients = needsGradients(stage) ? await gradientsOf(stage, context) : undefined
  const pruned = pruneTo(context.model, stage.sparsity, stage, { seed: context.seed, ...(gradients && { gradients }) })
  requireChange(pruned, stage.sparsity)
  context.model = pruned.model
  return resultOf(pruned.model)
}

type Settings = Omit<StageOf<'prune'>, 'train'>

const resultOf = (model: Model) => {
  const counts = countZeros(model)
  return { ...counts, sparsity: counts.zeros / counts.weights, layers: layerSparsity(model.graph, model.weights) }
}

/** In a graph that is compiled for nothing else: nothing is trained here. */
function gradientsOf(stage: Settings, context: StageContext) {
  const { graph, masks } = context.model
  const compiled = context.trainable({
    precision: 'f32',
    optimizer: { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 },
    labelSmoothing: 0,
    trained: new Set(prunableParameters(graph)),
    masked: new Set(masks.keys()),
  })
  return meanGradients(stage, compiled, context, { batch: gradientBatch, key: 0 })
}

const gradientBatch = 128

async function pruneWhileTraining(stage: Settings, training: Training, context: StageContext) {
  const { graph } = context.model
  // What cannot be reached, or would change nothing, is said before hours of training: by magnitudes, which cost nothing.
  requireChange(
    pruneTo(context.model, stage.sparsity, { ...stage, score: 'magnitude' }, { seed: context.seed }),
    stage.sparsity,
  )
  const trained = new Set(trainableParameters(graph))
  const compiled = context.trainable(programOptions(training, trained, new Set(prunableParameters(graph))))
  const from = shareOfZeros(context.model)
  const { model, ...outcome } = await train(context, {
    training,
    compiled,
    trained,
    seed: deriveSeed(context.seed, 'prune', context.occurrence),
    planFor: steps => planOf(stage, { from, epochs: training.epochs, steps }),
    settings: { ...stage, training },
    async prune(current, sparsity, step) {
      if (isReached(current, sparsity)) return current.masks
      const gradients = needsGradients(stage)
        ? await meanGradients(stage, compiled, context, { batch: training.batch, key: step })
        : undefined
      const pruned = tryPrune(current, sparsity, stage, { seed: context.seed, ...(gradients && { gradients }) })
      if (!pruned) return current.masks
      compiled.assignMasks(pruned.model.masks)
      const at = Math.max(step, 1)
      context.record.layers(at, pruned.layers)
      context.record.points(at, { sparsity: pruned.zeros / pruned.weights })
      return pruned.model.masks
    },
  })
  context.model = model
  return { ...resultOf(model), ...outcome }
}

function isReached(model: Model, sparsity: number): boolean {
  const { zeros, weights } = countZeros(model)
  return floorShare(sparsity, weights) <= zeros
}

/**
 * A target on the way there may leave a layer less zeros than it has, where the model began with them; then nothing is due
 * yet. That the end of the way can be reached is known.
 */
function tryPrune(...args: Parameters<typeof pruneTo>): Pruned | undefined {
  const [, sparsity, { sparsity: target }] = args
  try {
    return pruneTo(...args)
  } catch (thrown) {
    if (sparsity < target && thrown instanceof EspalierError && thrown.code === 'prune.infeasible') return
    throw thrown
  }
}
