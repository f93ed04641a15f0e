import type { RateSchedule } from '../schedule.ts'

/** Times `factor` from each milestone on (He et al. 2016: a tenth, twice). */
export const step: RateSchedule = ({ lr, milestones, factor }, { epoch }) =>
  lr * factor ** milestones.filter(milestone => milestone <= epoch).length
