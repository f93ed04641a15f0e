import type { Allocation } from '../allocation.ts'
import { countLowest } from '../select.ts'
import { floorShare } from '../share.ts'

/**
 * One threshold for the whole network (Global MP, arXiv 2209.14624): the floor(sparsity x N) lowest-ranked of all N
 * weights go. The published code drops one weight fewer; this is the exact rank it describes (five-systems 2a).
 */
export const global: Allocation = ({ rankings, sparsity }) => {
  const weights = rankings.reduce((sum, { keys }) => sum + keys.length, 0)
  return countLowest(rankings, floorShare(sparsity, weights))
}
