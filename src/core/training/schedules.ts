/** The learning-rate schedules: one file each in `schedules/`, one line here. Warm-up goes with any (`learning-rate.ts`). */
import type { RateSchedule } from './schedule.ts'
import { constant } from './schedules/constant.ts'
import { cosine } from './schedules/cosine.ts'
import { linear } from './schedules/linear.ts'
import { step } from './schedules/step.ts'

export const learningRateSchedules = { constant, cosine, step, linear } as const satisfies Record<string, RateSchedule>
export type LearningRateScheduleId = keyof typeof learningRateSchedules
