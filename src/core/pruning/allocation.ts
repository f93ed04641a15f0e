import type { Ranking } from './ranking.ts'

export interface AllocationRequest {
  /** The prunable layers in forward order. */
  readonly rankings: readonly Ranking[]
  /** Share of all their weights that is to be zero, in [0, 1). */
  readonly sparsity: number
}

/** Zeros for each layer, in the order of the request. Pure. Within a layer the lowest-ranked weights go. */
export type Allocation = (request: AllocationRequest) => readonly number[]
