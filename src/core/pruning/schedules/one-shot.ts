import type { SparsitySchedule, SparsitySpan } from '../schedule.ts'

/** Everything at once, at step 0. */
export const oneShot = ({ to }: SparsitySpan): SparsitySchedule => ({ sparsityAt: () => to, lastStep: 0 })
