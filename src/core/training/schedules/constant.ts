import type { RateSchedule } from '../schedule.ts'

export const constant: RateSchedule = ({ lr }) => lr
