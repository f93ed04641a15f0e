/** When a training prunes, and to how much. Epochs and steps count from 0, epochs over all rounds. */
import { gradual } from '../../core/pruning/schedules/gradual.ts'
import { iterative } from '../../core/pruning/schedules/iterative.ts'
import type { StageOf } from '../../shared/stages.ts'

export interface Plan {
  /** Trainings, one after the other: each begins with a fresh optimizer at the first learning rate. */
  readonly rounds: number
  /** Before this epoch pruning has reached its end: the best epoch is one from here on. */
  readonly settledAt: number
  /** Sparsity to prune to before a step; undefined where nothing is due. The step after the last epoch counts. */
  readonly sparsityAt: (epoch: number, step: number) => number | undefined
}

/** Training alone. */
export const noPruning: Plan = { rounds: 1, settledAt: 0, sparsityAt: () => undefined }

/** `from` is the share of zeros that the model begins with; `steps` those of an epoch, of which a round has `epochs`. */
export function planOf(
  { schedule, sparsity }: Pick<StageOf<'prune'>, 'schedule'> & { readonly sparsity: number },
  { from, epochs, steps }: { readonly from: number; readonly epochs: number; readonly steps: number },
): Plan {
  const span = { from, to: sparsity }
  if (schedule.kind === 'gradual') {
    const { startEpoch: start, endEpoch: end, per } = schedule
    const { sparsityAt } = gradual(span, { start, end })
    return {
      rounds: 1,
      settledAt: end,
      sparsityAt(epoch, step) {
        if (epoch < start || epoch > end || (epoch === end && step > 0) || (per === 'epoch' && step > 0)) return
        return sparsityAt(epoch + step / steps)
      },
    }
  }
  if (schedule.kind === 'one-shot') return inRounds(1, epochs, () => sparsity)
  const { sparsityAt, lastStep } = iterative(span, { share: shareOf(schedule, span) })
  return inRounds(lastStep + 1, epochs, sparsityAt)
}

const inRounds = (rounds: number, epochs: number, sparsityAt: (round: number) => number): Plan => ({
  rounds,
  settledAt: (rounds - 1) * epochs,
  sparsityAt: (epoch, step) =>
    step === 0 && epoch % epochs === 0 && epoch < rounds * epochs ? sparsityAt(epoch / epochs) : undefined,
})

/** Frankle and Carbin's 20 % where nothing is said; that of `rounds` equal ones where they are. */
function shareOf(
  { rounds, share }: { readonly rounds?: number | undefined; readonly share?: number | undefined },
  { from, to }: { readonly from: number; readonly to: number },
): number {
  if (rounds === undefined) return share ?? 0.2
  return 1 - ((1 - to) / (1 - from)) ** (1 / rounds)
}
