import type { SparsitySchedule, SparsitySpan } from '../schedule.ts'

/**
 * The cubic schedule of Zhu and Gupta (2017, equation 1): s_t = to + (from - to) (1 - (t - start) / (end - start))^3, fast
 * at first and slow when little is left. Steps are of any unit and need not be whole; `end` is after `start`.
 */
export function gradual(
  { from, to }: SparsitySpan,
  { start, end }: { readonly start: number; readonly end: number },
): SparsitySchedule {
  return {
    sparsityAt(step) {
      if (step <= start) return from
      if (step >= end) return to
      return to + (from - to) * (1 - (step - start) / (end - start)) ** 3
    },
    lastStep: end,
  }
}
