import { type Allocation, totalWeights } from '../allocation.ts'
import { countLowestKeeping } from '../minimum-keep.ts'
import { floorShare } from '../share.ts'

/**
 * One threshold for the whole network (Global MP, arXiv 2209.14624): the floor(sparsity x N) lowest-ranked of all N
 * weights go. The published code drops one weight fewer; this is the exact rank it describes (five-systems 2a). With a
 * minimum, the highest-ranked weights of each layer are out of reach and the total stays exact.
 */
export const global: Allocation = ({ rankings, sparsity, minimumKeep }) =>
  countLowestKeeping(rankings, floorShare(sparsity, totalWeights(rankings)), minimumKeep)
