import { EspalierError } from '../../../shared/errors.ts'
import { type Allocation, totalWeights } from '../allocation.ts'
import { apportion } from '../apportion.ts'
import { spareWeights } from '../minimum-keep.ts'
import { floorShare } from '../share.ts'

/** Most of the last layer that may go. */
const lastShare = 0.8

/**
 * Uniform+ (Gale et al. 2019; the share of the last layer as in LAMP): the first layer is left alone, the last one keeps at least a fifth of
 * its weights, and all other layers go by one share, whole numbers that add up to floor(sparsity x N).
 */
export const uniformPlus: Allocation = ({ rankings, sparsity, minimumKeep }) => {
  const claims = rankings.map(({ keys, zeros }, i) => {
    const spare = spareWeights(keys.length, minimumKeep)
    const last = i === rankings.length - 1 ? floorShare(lastShare, keys.length) : spare
    return { weight: keys.length, lower: zeros, upper: i === 0 ? zeros : Math.max(zeros, Math.min(spare, last)) }
  })
  const total = totalWeights(rankings)
  const wanted = floorShare(sparsity, total)
  const most = claims.reduce((sum, { upper }) => sum + upper, 0)
  if (wanted > most)
    throw new EspalierError({
      code: 'prune.infeasible',
      message: `Uniform+ cannot reach a sparsity of ${sparsity}: ${most} of ${total} weights may go.`,
      rule: 'The first layer is left alone, and the last one keeps a fifth of its weights.',
      hint: `The highest sparsity is ${Math.floor((most / total) * 1e4) / 1e4}; or take another allocation.`,
    })
  return apportion(wanted, claims)
}
