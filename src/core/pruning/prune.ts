/** One-shot pruning of a model: rank, allocate, mask, and count what came out. */
import { EspalierError } from '../../shared/errors.ts'
import type { ScoreId } from '../../shared/methods.ts'
import type { LayerSparsity } from '../../shared/stage.ts'
import { graphCost, prunableLayers } from '../graph/cost.ts'
import type { Model, Weights } from '../graph/model.ts'
import { createRandom, deriveSeed } from '../random.ts'
import { type PlanOptions, planZeros, type RankedLayers } from './plan.ts'
import { bitsOf, type Ranking } from './ranking.ts'
import { scores } from './scores.ts'
import { maskLowest } from './select.ts'

export interface PruneOptions extends PlanOptions {
  readonly score: ScoreId
  /** Of the loss, by kernel, in ONNX layout: for scores that need them. */
  readonly gradients?: Weights
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
export function prune(model: Model, options: PruneOptions): Pruned {
  const layers = prunableLayers(model.graph)
  const ranked = rankedLayers(model, options)
  const { rankings } = ranked
  const plan = planZeros(ranked, options)
  const weights = new Map(model.weights)
  const masks = new Map(model.masks)
  let newlyMasked = 0
  const counted = layers.map(({ name, kernel }, i): LayerSparsity => {
    const [ranking, planned, before] = [rankings[i]!, plan[i]!, model.weights.get(kernel)!]
    const oldMask = model.masks.get(kernel)
    checkMask(ranking, oldMask)
    let zeros = ranking.zeros
    if (planned > 0) {
      const mask = maskLowest(ranking, planned)
      const after = masked(before, mask)
      masks.set(kernel, mask)
      weights.set(kernel, after.values)
      zeros = after.zeros
      newlyMasked += planned - (oldMask ? countDropped(oldMask) : 0)
    }
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

/** What an allocation is made from. */
export function rankedLayers(model: Model, options: Pick<PruneOptions, 'score' | 'seed' | 'gradients'>): RankedLayers {
  const kernels = graphCost(model.graph).layers.filter(({ kernel }) => kernel)
  return {
    rankings: rankLayers(model, options),
    dims: kernels.map(({ kernel }) => kernel!.dims),
    macs: kernels.map(({ macs }) => macs),
  }
}

/** The order in which the weights of each prunable layer go, in forward order of the layers. */
export function rankLayers(
  model: Model,
  { score, seed = 0, gradients }: Pick<PruneOptions, 'score' | 'seed' | 'gradients'>,
): Ranking[] {
  const member = scores[score]
  return prunableLayers(model.graph).map(({ name, kernel }) => {
    const weights = model.weights.get(kernel)!
    if (member.needs === 'weights') return member.rank(name, weights)
    if (member.needs === 'random') return member.rank(name, weights, createRandom(deriveSeed(seed, 'score', name)))
    const own = gradients?.get(kernel)
    if (!own) throw new Error(`the score "${score}" needs the gradients of "${kernel}"`)
    return member.rank(name, weights, own)
  })
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

/** A copy of `values` with zeros where the mask has them, and how many zeros it has in all. */
function masked(values: Float32Array, mask: Uint8Array): { values: Float32Array; zeros: number } {
  const kept = new Float32Array(values.length)
  const [from, to] = [bitsOf(values), bitsOf(kept)]
  let zeros = 0
  for (let i = 0; i < from.length; i++) {
    // All bits or none, and (x - 1) >>> 31 is 1 for 0 alone: no branch that the processor would guess wrong.
    const bits = from[i]! & -mask[i]!
    to[i] = bits
    zeros += ((bits & 0x7fffffff) - 1) >>> 31
  }
  return { values: kept, zeros }
}

function countDropped(mask: Uint8Array): number {
  let dropped = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) dropped++
  return dropped
}
