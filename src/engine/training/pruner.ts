/** Prunes a model that is being trained: the masks live in its graph, the ranking happens here. */
import { prunableParameters } from '../../core/graph/cost.ts'
import type { Masks, Model, Weights } from '../../core/graph/model.ts'
import { type Pruned, type PruneOptions, prune } from '../../core/pruning/prune.ts'
import { scores } from '../../core/pruning/scores.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { deriveSeed } from '../../core/random.ts'
import { epochOrder } from '../../core/training/order.ts'
import { batches } from '../../formats/batches.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'

type PruneStage = StageOf<'prune'>

export const needsGradients = ({ score }: Pick<PruneStage, 'score'>): boolean => scores[score].needs === 'gradients'

/** `model` with its weights as they stand in the session, where they have these masks. */
export function withTrained(model: Model, compiled: TrainableModel, masks: Masks): Model {
  return { ...model, weights: compiled.readAll(), masks }
}

/** Of all prunable weights. */
export function countZeros({ graph, weights }: Pick<Model, 'graph' | 'weights'>): { zeros: number; weights: number } {
  const layers = layerSparsity(graph, weights)
  return {
    zeros: layers.reduce((sum, layer) => sum + layer.zeros, 0),
    weights: layers.reduce((sum, layer) => sum + layer.weights, 0),
  }
}

export function shareOfZeros(model: Pick<Model, 'graph' | 'weights'>): number {
  const { zeros, weights } = countZeros(model)
  return zeros / weights
}

/**
 * Gradients of the mean loss by the prunable weights, mean over `gradientBatches` batches of training samples as they are
 * stored; `key` chooses the samples.
 */
export async function meanGradients(
  { gradientBatches }: Pick<PruneStage, 'gradientBatches'>,
  compiled: TrainableModel,
  context: StageContext,
  { batch: size, key }: { readonly batch: number; readonly key: number },
): Promise<Weights> {
  const { split, indices } = context.select('train')
  const order = epochOrder(indices, deriveSeed(context.seed, 'gradients'), key).subarray(0, gradientBatches * size)
  const names = prunableParameters(compiled.graph)
  const sums = new Map<string, Float64Array>()
  let place = 0
  for await (const { samples, labels, count } of batches(split, order, size, context.dataset, context.signal)) {
    const seed = deriveSeed(context.seed, 'gradients', key, place++)
    for (const [name, gradient] of compiled.gradients({ samples, labels, seed }, names)) {
      const sum = sums.get(name) ?? new Float64Array(gradient.length)
      for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]! * (count / order.length)
      sums.set(name, sum)
    }
    await context.breathe()
  }
  return new Map([...sums].map(([name, sum]) => [name, Float32Array.from(sum)]))
}

/** As `core` prunes, with the stage's settings. */
export function pruneTo(
  model: Model,
  sparsity: number,
  { allocation, score, minimumKeep }: Pick<PruneStage, 'allocation' | 'score' | 'minimumKeep'>,
  more: Pick<PruneOptions, 'seed' | 'gradients' | 'distortion'>,
): Pruned {
  return prune(model, { allocation, score, minimumKeep, sparsity, ...more })
}

/** Throws where a masked weight is not zero: a fault of ours, found before its numbers are used. */
export function requireMasked(weights: Weights, masks: Masks): void {
  for (const [name, mask] of masks) {
    const values = weights.get(name)!
    const grown = mask.findIndex((kept, i) => kept === 0 && values[i] !== 0)
    if (grown >= 0) throw new Error(`the pruned weight ${grown} of "${name}" has grown back to ${values[grown]}`)
  }
}

/** Throws where a stage would prune nothing. */
export function requireChange({ newlyMasked, zeros, weights }: Pruned, sparsity: number): void {
  if (newlyMasked > 0) return
  const are = zeros === 0 ? 'no weight has to go for that' : `${zeros} of ${weights} weights are zero already`
  throw new EspalierError({
    code: 'prune.no-change',
    message: `Pruning to a sparsity of ${sparsity} changes nothing: ${are}.`,
    rule: 'Sparsity is absolute, and a stage that changes nothing stops the run.',
    hint: 'Ask for a higher sparsity, or leave the stage out.',
  })
}
