/** One-shot pruning of a model: rank, allocate, mask, and count what came out. */
import { EspalierError } from '../../shared/errors.ts'
import type { AllocationId, ScoreId } from '../../shared/methods.ts'
import type { LayerSparsity } from '../../shared/stages/stage.ts'
import { prunableLayers } from '../graph/cost.ts'
import type { Model } from '../graph/model.ts'
import { allocations } from './allocations.ts'
import type { Ranking } from './ranking.ts'
import { scores } from './scores.ts'
import { maskLowest } from './select.ts'
import { countZeros } from './sparsity.ts'

export interface PruneOptions {
  readonly score: ScoreId
  readonly allocation: AllocationId
  /** Share of all prunable weights that are zero afterwards, in [0, 1). Absolute: what is pruned already counts. */
  readonly sparsity: number
}

export interface Pruned {
  /** Shares the arrays of everything that did not change. */
  readonly model: Model
  /** Zeros as counted in the new weights, in forward order. */
  readonly layers: readonly LayerSparsity[]
  readonly zeros: number
  readonly weights: number
  /** Weights that are masked now and were not before; 0 = the stage changed nothing. */
  readonly newlyMasked: number
}

/**
 * Masks and zeroes weights. What is zero or masked already goes first and never grows back; ties go by layer, then by
 * index. Throws `prune.infeasible` where the target cannot be met, `model.invalid` for weights that are not finite.
 */
export function prune(model: Model, { score, allocation, sparsity }: PruneOptions): Pruned {
  if (!(sparsity >= 0 && sparsity < 1))
    throw infeasible(`A sparsity of ${sparsity} cannot be reached.`, 'Sparsity is a share: 0 <= sparsity < 1.')
  const layers = prunableLayers(model.graph)
  const rankings = layers.map(({ name, kernel }) => scores[score](name, model.weights.get(kernel)!))
  const plan = allocations[allocation]({ rankings, sparsity })
  const weights = new Map(model.weights)
  const masks = new Map(model.masks)
  let newlyMasked = 0
  const counted = layers.map(({ name, kernel }, i): LayerSparsity => {
    const [ranking, planned, before] = [rankings[i]!, plan[i]!, model.weights.get(kernel)!]
    const oldMask = model.masks.get(kernel)
    checkFeasible(ranking, planned)
    checkMask(ranking, oldMask)
    if (planned > 0) {
      const mask = maskLowest(ranking, planned)
      masks.set(kernel, mask)
      weights.set(kernel, masked(before, mask))
      newlyMasked += planned - (oldMask ? countDropped(oldMask) : 0)
    }
    const zeros = countZeros(weights.get(kernel)!)
    if (zeros !== planned) throw new Error(`pruning "${name}" left ${zeros} zeros where ${planned} were planned`)
    return { name, weights: before.length, zeros }
  })
  return {
    model: { ...model, weights, masks },
    layers: counted,
    zeros: counted.reduce((sum, layer) => sum + layer.zeros, 0),
    weights: counted.reduce((sum, layer) => sum + layer.weights, 0),
    newlyMasked,
  }
}

const infeasible = (message: string, rule: string, hint?: string) =>
  new EspalierError({ code: 'prune.infeasible', message, rule, ...(hint && { hint }) })

function checkFeasible({ layer, keys, zeros }: Ranking, planned: number): void {
  if (zeros > planned)
    throw infeasible(
      `"${layer}" already has ${zeros} zeros of ${keys.length} weights, the target leaves it only ${planned}.`,
      'Sparsity is absolute, and a pruned weight never grows back.',
      'Ask for a higher sparsity.',
    )
}

/** Rankings rely on masked weights being zero. */
function checkMask({ layer, keys, keyMask }: Ranking, mask: Uint8Array | undefined): void {
  if (mask?.some((kept, i) => kept === 0 && (keys[i]! & keyMask) !== 0))
    throw new EspalierError({
      code: 'model.invalid',
      message: `Masked weights of "${layer}" are not zero.`,
      rule: 'The mask is part of the model: masked weights are zero and stay zero.',
    })
}

/** A copy of `values` with zeros where the mask has them. */
function masked(values: Float32Array, mask: Uint8Array): Float32Array {
  const kept = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) if (mask[i] === 1) kept[i] = values[i]!
  return kept
}

function countDropped(mask: Uint8Array): number {
  let dropped = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) dropped++
  return dropped
}
