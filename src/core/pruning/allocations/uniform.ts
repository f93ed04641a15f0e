import type { Allocation } from '../allocation.ts'
import { floorShare } from '../share.ts'

/** The same share in every layer: floor(sparsity x n) of its n weights. */
export const uniform: Allocation = ({ rankings, sparsity }) =>
  rankings.map(({ keys }) => floorShare(sparsity, keys.length))
