/** The learning rate of every step, as a pure function of where training stands: nothing to store, nothing to resume. */
import type { RateOptions } from './schedule.ts'
import { type LearningRateScheduleId, learningRateSchedules } from './schedules.ts'

export interface LearningRate extends RateOptions {
  readonly schedule: LearningRateScheduleId
  /** Whether the rate changes after every epoch, as most papers have it, or after every step. */
  readonly per: 'epoch' | 'step'
  /** Of the whole training, warm-up included. */
  readonly epochs: number
  /** The rate rises in equal steps and reaches its full height in the last of these epochs. 0 = no warm-up. */
  readonly warmUpEpochs: number
}

/** `epoch` and `step` count from 0, `step` within its epoch. */
export function learningRateAt(options: LearningRate, epoch: number, step: number, stepsPerEpoch: number): number {
  const { lr, schedule, per, epochs, warmUpEpochs } = options
  const length = per === 'epoch' ? 1 : 1 / stepsPerEpoch
  const done = per === 'epoch' ? epoch : epoch + step / stepsPerEpoch
  // Goyal et al. 2017, section 2.2, from the first step's share up as STR does (five-systems 2b).
  if (done < warmUpEpochs) return lr * Math.min((done + length) / warmUpEpochs, 1)
  const share = (done - warmUpEpochs) / (epochs - warmUpEpochs)
  return learningRateSchedules[schedule](options, { epoch: done, share })
}
