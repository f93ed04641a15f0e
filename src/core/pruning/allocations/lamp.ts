import { type Allocation, totalWeights } from '../allocation.ts'
import { countLowestKeeping } from '../minimum-keep.ts'
import { floatOfBits, type Ranking, rankingOf } from '../ranking.ts'
import { floorShare } from '../share.ts'

/**
 * LAMP (Lee et al. 2021): the score of a weight is squared and divided by the sum of squares of all weights of
 * its layer that are not smaller, itself included; then one threshold for the whole network. The largest weight of
 * each layer has 1, so no layer dies before every other is down to one weight. Squares are of the score that ranks; with
 * magnitude it is LAMP as published.
 */
export const lamp: Allocation = ({ rankings, sparsity, minimumKeep }) =>
  countLowestKeeping(rankings.map(lampRanking), floorShare(sparsity, totalWeights(rankings)), minimumKeep)

/**
 * LAMP scores of one layer as a ranking, the lowest first: counts need no more. Weights that are equal come one after
 * the other here, so each of them has a sum of its own.
 */
export function lampRanking({ layer, keys, keyMask, scoreOf, zeros }: Ranking): Ranking {
  const sorted = keyMask === 0xffffffff ? keys.slice() : keys.map(key => key & keyMask)
  sorted.sort()
  // The scores take the place of the keys, from the largest down.
  const scores = new Float32Array(sorted.buffer)
  let sum = 0
  for (let i = sorted.length - 1; i >= zeros; i--) {
    const score = scoreOf(sorted[i]!)
    if (score < 0) throw new Error(`LAMP needs scores that are not negative, "${layer}" has ${score}`)
    sum += score ** 2
    scores[i] = sum === 0 ? 0 : score ** 2 / sum
    // Nothing goes before the weights that are zero already, however small its score.
    if (sorted[i] === 0) sorted[i] = 1
  }
  sorted.fill(0, 0, zeros)
  return rankingOf({ layer, keys: sorted, keyMask: 0xffffffff, scoreOf: floatOfBits })
}
