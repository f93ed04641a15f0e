/** Walks a run that comes by again and again: each of its stages that has finished is handed on once, in order. */
import type { RunSummary, StageRecord } from '../shared/domain.ts'
import type { ProgressLine } from './progress-line.ts'

export interface StagePrinter {
  /** Prints what is new in `run`. */
  print(run: RunSummary): void
}

/** `print` is told whether it is the first stage that is handed on of the run; the drawn line is cleared before. */
export function printFinished(
  line: ProgressLine,
  print: (run: RunSummary, stage: StageRecord, isFirst: boolean) => void,
): StagePrinter {
  const printed = new Map<string, number>()
  return {
    print(run) {
      for (const stage of run.stages) {
        const next = printed.get(run.id)
        if (stage.state !== 'finished' || stage.index < (next ?? 0)) continue
        printed.set(run.id, stage.index + 1)
        line.clear()
        print(run, stage, next === undefined)
      }
    },
  }
}
