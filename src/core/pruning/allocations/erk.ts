import { type Allocation, totalWeights } from '../allocation.ts'
import { apportion } from '../apportion.ts'
import { floorShare } from '../share.ts'

/**
 * Erdős-Rényi-Kernel (Mocanu et al. 2018; Evci et al., RigL, 2020): what a layer keeps is in proportion to the sum of
 * its kernel's dims, c_out + c_in + k_h + k_w, so its density is in proportion to that sum over their product. A layer that
 * would keep more than it has stays as it is, and the others share the rest. The total is exactly floor(sparsity x N).
 */
export const erk: Allocation = ({ rankings, dims, sparsity, minimumKeep }) => {
  const total = totalWeights(rankings)
  const kept = apportion(
    total - floorShare(sparsity, total),
    rankings.map(({ keys, zeros }, i) => ({
      weight: dims[i]!.reduce((sum, size) => sum + size, 0),
      lower: Math.min(minimumKeep, keys.length),
      upper: keys.length - zeros,
    })),
  )
  return rankings.map(({ keys }, i) => keys.length - kept[i]!)
}
