import { type Allocation, totalWeights } from '../allocation.ts'
import { rescaleZeros } from '../minimum-keep.ts'
import { countLowest } from '../select.ts'
import { floorShare } from '../share.ts'

/**
 * Global MP with the minimum threshold exactly as published (arXiv 2209.14624, five-systems 2a): one threshold gives each
 * layer its share of zeros; the shares, not the threshold, are then scaled until all layers keep the minimum and the
 * total is met; each layer goes by its own ranking to floor(share x n). So the total may fall short by one weight a
 * layer. Without a minimum it is Global MP.
 */
export const globalMinimumThreshold: Allocation = ({ rankings, sparsity, minimumKeep }) => {
  const wanted = floorShare(sparsity, totalWeights(rankings))
  const zeros = countLowest(rankings, wanted)
  const layers = rankings.map(({ keys }, i) => ({ weights: keys.length, zeros: zeros[i]! }))
  return rescaleZeros(layers, wanted, minimumKeep).map(Math.floor)
}
