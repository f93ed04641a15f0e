/** From how much to how much a schedule prunes. */
export interface SparsitySpan {
  /** Share of zeros before the first step, in [0, 1). */
  readonly from: number
  /** Share of zeros in the end; at least `from`. */
  readonly to: number
}

/** How sparsity grows over the steps of a schedule, whose unit (an epoch, a round) the schedule says. Pure. */
export interface SparsitySchedule {
  /** Sparsity to prune to at `step`. Never falls, and is exactly `to` from `lastStep` on. */
  readonly sparsityAt: (step: number) => number
  readonly lastStep: number
}
