import type { RateSchedule } from '../schedule.ts'

/** A straight line from `lr` down to `minimum`. */
export const linear: RateSchedule = ({ lr, minimum }, { share }) => minimum + (lr - minimum) * (1 - share)
