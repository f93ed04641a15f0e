/** The schedules: how sparsity grows over time. One file each in `schedules/`, one line here. */
import { gradual } from './schedules/gradual.ts'
import { iterative } from './schedules/iterative.ts'
import { oneShot } from './schedules/one-shot.ts'

export const schedules = { 'one-shot': oneShot, gradual, iterative } as const
