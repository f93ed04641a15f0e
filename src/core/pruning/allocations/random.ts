import { createRandom, deriveSeed } from '../../random.ts'
import { type Allocation, totalWeights } from '../allocation.ts'
import { countLowestKeeping } from '../minimum-keep.ts'
import { type Ranking, rankingOf } from '../ranking.ts'
import { maskLowest } from '../select.ts'
import { floorShare } from '../share.ts'

/**
 * As many zeros in each layer as it would have if floor(sparsity x N) of all N weights were drawn at random: what an
 * allocation has to beat. Counts only: which weights of a layer go is up to the score.
 */
export const random: Allocation = ({ rankings, sparsity, minimumKeep, seed }) =>
  countLowestKeeping(
    rankings.map(ranking => drawLots(ranking, seed)),
    floorShare(sparsity, totalWeights(rankings)),
    minimumKeep,
  )

/** A lot for each weight, the smallest go first; as many as are zero already have the lot that goes before all others. */
export function drawLots({ layer, keys, scoreOf, zeros }: Ranking, seed: number): Ranking {
  const source = createRandom(deriveSeed(seed, 'allocation', layer))
  const lots = { layer, keys: new Uint32Array(keys.length), keyMask: 0xffffffff, scoreOf }
  for (let i = 0; i < keys.length; i++) lots.keys[i] = Math.max(source.uint32(), 1)
  const gone = maskLowest(rankingOf(lots), zeros)
  for (let i = 0; i < keys.length; i++) if (gone[i] === 0) lots.keys[i] = 0
  return rankingOf(lots)
}
