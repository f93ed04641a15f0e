/**
 * Which weights may change in a round: the most salient ones, by exact count. A reconstruction (five-systems 4a-3): the abstract
 * says that only gradients of salient parameters are kept, no published code has its formula.
 */
import type { SalienceId } from '../../../shared/federated-pruning.ts'
import type { Masks, Weights } from '../../graph/model.ts'
import { type Ranking, rankByScore } from '../../pruning/ranking.ts'
import { countLowest, maskLowest } from '../../pruning/select.ts'
import { floorShare } from '../../pruning/share.ts'

/** How salient each weight of a tensor is, from itself and its gradient. */
export const salienceOf = {
  product: (weight: number, gradient: number) => Math.abs(weight * gradient),
  gradient: (_weight: number, gradient: number) => Math.abs(gradient),
  weight: (weight: number, _gradient: number) => Math.abs(weight),
} as const satisfies Record<SalienceId, (weight: number, gradient: number) => number>

export interface SalientOptions {
  /** Of the weights of a layer, or of all of them: floor(keep x count) are chosen. */
  readonly keep: number
  readonly scope: 'layer' | 'network'
}

/**
 * 1 = may change, by name, for each tensor of `saliences`. Zero weights are the least salient, so that pruned ones are not
 * chosen before all others are; equals go by place. Throws `model.invalid` for numbers that are not finite.
 */
export function salientSet(weights: Weights, saliences: Weights, { keep, scope }: SalientOptions): Masks {
  const rankings = [...saliences].map(([name, salience]) => rankByScore(name, weights.get(name)!, salience.slice()))
  const sizes = rankings.map(({ keys }) => keys.length)
  const frozen = (size: number) => size - floorShare(keep, size)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const counts = scope === 'layer' ? sizes.map(frozen) : countLowest(rankings, frozen(total))
  return masksOf(rankings, counts)
}

const masksOf = (rankings: readonly Ranking[], counts: readonly number[]): Masks =>
  new Map(rankings.map((ranking, i) => [ranking.layer, maskLowest(ranking, counts[i]!)]))
