import type { SparsitySchedule, SparsitySpan } from '../schedule.ts'

/**
 * Each round (step 0 is the first) takes the same `share`, in (0, 1), of what is left: s_t = 1 - (1 - from) (1 - share)^t
 * after t rounds (Frankle and Carbin 2019; LAMP, and RD of five-systems 3b). The last round takes only what the target needs.
 */
export function iterative({ from, to }: SparsitySpan, { share }: { readonly share: number }): SparsitySchedule {
  const after = (rounds: number) => 1 - (1 - from) * (1 - share) ** rounds
  // The smallest whole number of rounds; the margin keeps rounding errors from adding one that prunes nothing.
  const rounds = Math.max(1, Math.ceil(Math.log((1 - to) / (1 - from)) / Math.log(1 - share) - 1e-9))
  return {
    sparsityAt: step => (step + 1 >= rounds ? to : after(step + 1)),
    lastStep: rounds - 1,
  }
}
