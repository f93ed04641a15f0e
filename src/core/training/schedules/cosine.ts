import type { RateSchedule } from '../schedule.ts'

/** Half a cosine from `lr` down to `minimum` (Loshchilov and Hutter 2017, equation 5, one cycle). */
export const cosine: RateSchedule = ({ lr, minimum }, { share }) =>
  minimum + ((lr - minimum) * (1 + Math.cos(Math.PI * share))) / 2
