import type { Dims } from '../graph/dims.ts'
import type { DistortionRequest } from './curves.ts'
import type { Ranking } from './ranking.ts'

export interface AllocationRequest {
  /** The prunable layers in forward order. */
  readonly rankings: readonly Ranking[]
  /** Dims of their kernels, in ONNX layout. */
  readonly dims: readonly Dims[]
  /** MACs of the layers, dense. */
  readonly macs: readonly number[]
  /** Share of all their weights that is to be zero, in [0, 1). */
  readonly sparsity: number
  /** Weights that each layer keeps at least; a smaller layer keeps all. 0 = no minimum. */
  readonly minimumKeep: number
  /** For allocations that draw; the same seed gives the same plan again. */
  readonly seed: number
  /** What pruning does to the output, as measured: for allocations that minimise it. */
  readonly distortion?: DistortionRequest
}

export const totalWeights = (rankings: readonly Ranking[]): number =>
  rankings.reduce((sum, { keys }) => sum + keys.length, 0)

/**
 * Zeros for each layer, in the order of the request. Pure. Within a layer the lowest-ranked weights go. A plan that
 * leaves a layer less than the minimum is refused by the caller: an allocation either heeds it or fails by it.
 */
export type Allocation = (request: AllocationRequest) => readonly number[]
