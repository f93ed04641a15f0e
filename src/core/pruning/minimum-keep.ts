/**
 * The guard against layers that die: every layer keeps at least m weights, one of m or fewer keeps all. Two rules share
 * out the zeros: the top m weights of each layer are protected and the rest goes by one threshold (ours), or the shares
 * of the unguarded threshold are scaled (as published).
 */
import { EspalierError } from '../../shared/errors.ts'
import { count, plural } from '../../shared/plural.ts'
import type { Ranking } from './ranking.ts'
import { countLowest } from './select.ts'
import { floorShare } from './share.ts'

/** As a recipe says it: whole numbers are weights, a number below 1 is a share of all `total` weights. */
export const minimumWeights = (minimumKeep: number, total: number): number =>
  minimumKeep < 1 ? floorShare(minimumKeep, total) : minimumKeep

/** How many of a layer's weights may go. */
export const spareWeights = (weights: number, minimum: number): number => Math.max(weights - minimum, 0)

/** Throws `prune.infeasible` where layers of these sizes cannot keep `minimum` weights each at this sparsity. */
export function requireFeasible(sizes: readonly number[], sparsity: number, minimum: number): void {
  const total = sizes.reduce((sum, weights) => sum + weights, 0)
  const spare = sizes.reduce((sum, weights) => sum + spareWeights(weights, minimum), 0)
  if (floorShare(sparsity, total) > spare) throw infeasible(sparsity, minimum, spare, total)
}

function infeasible(sparsity: number, minimum: number, spare: number, total: number): EspalierError {
  const highest = Math.floor((spare / total) * 1e4) / 1e4
  return new EspalierError({
    code: 'prune.infeasible',
    message: `A sparsity of ${sparsity} cannot be reached where each layer keeps ${plural(minimum, 'weight')}: ${count(spare)} of ${plural(total, 'weight')} may go.`,
    rule: 'Every layer keeps the minimum, and a smaller layer keeps all.',
    hint: `The highest sparsity with this minimum is ${highest}; or lower the minimum.`,
  })
}

/** The same where only the published rule cannot: the weights that may go are in layers that it scales from nothing. */
const outOfScale = ({ code, message }: EspalierError) =>
  new EspalierError({
    code,
    message,
    rule: 'The published rule scales the zeros of one threshold: a layer in which that takes nothing stays whole.',
    hint: 'The allocation "global" reaches this sparsity.',
  })

/**
 * How the `count` smallest keys of all layers fall on the layers, the top `minimum` of each out of reach. A layer that
 * would lose more than it may is held at that, and the threshold rises for the others until none would: held layers
 * stay held, because thresholds only rise. `count` must be feasible.
 */
export function countLowestKeeping(rankings: readonly Ranking[], count: number, minimum: number): number[] {
  const spare = rankings.map(({ keys }) => spareWeights(keys.length, minimum))
  const held = rankings.map(() => false)
  for (;;) {
    const free = rankings.filter((_, i) => !held[i])
    const rest = count - spare.reduce((sum, weights, i) => (held[i] ? sum + weights : sum), 0)
    const lowest = countLowest(free, rest)
    const counts = spare.map((weights, i) => (held[i] ? weights : lowest.shift()!))
    const over = counts.flatMap((zeros, i) => (zeros > spare[i]! ? [i] : []))
    if (over.length === 0) return counts
    for (const i of over) held[i] = true
  }
}

export interface LayerZeros {
  readonly weights: number
  /** What the unguarded threshold takes. */
  readonly zeros: number
}

/**
 * Zeros of each layer after the published rule, not yet rounded: layers of `minimum` weights or fewer stay dense, the
 * others are scaled by one factor that brings the total to `wanted`, each to at most what it may lose. The published
 * loop scales and caps in turn, which converges to this factor; for an infeasible target it never ends (five-systems 2a),
 * and it lets a layer of exactly `minimum` weights lose them. Throws `prune.infeasible`.
 */
export function rescaleZeros(layers: readonly LayerZeros[], wanted: number, minimum: number): number[] {
  const spare = layers.map(({ weights }) => spareWeights(weights, minimum))
  // What has no zeros is scaled to none, so its spare weights do not count.
  const open = layers.map(({ zeros }, i) => zeros > 0 && spare[i]! > 0)
  const reachable = spare.reduce((sum, weights, i) => (open[i] ? sum + weights : sum), 0)
  const total = layers.reduce((sum, { weights }) => sum + weights, 0)
  if (wanted > reachable) {
    const all = spare.reduce((sum, weights) => sum + weights, 0)
    const error = infeasible(Number((wanted / total).toPrecision(6)), minimum, reachable, total)
    throw wanted > all ? error : outOfScale(error)
  }
  const held = layers.map(() => false)
  for (;;) {
    const rest = wanted - spare.reduce((sum, weights, i) => (held[i] ? sum + weights : sum), 0)
    const scaled = layers.reduce((sum, { zeros }, i) => (open[i] && !held[i] ? sum + zeros : sum), 0)
    const factor = scaled === 0 ? 0 : rest / scaled
    const result = layers.map(({ zeros }, i) => (!open[i] ? 0 : held[i] ? spare[i]! : zeros * factor))
    const over = result.flatMap((zeros, i) => (zeros > spare[i]! ? [i] : []))
    if (over.length === 0) return result
    for (const i of over) held[i] = true
  }
}
