/** Prints each stage of a run when it is finished, in the order of the recipe: a table, or a JSON line. */
import type { RunSummary, StageRecord } from '../shared/domain.ts'
import { stages as stageTable } from '../shared/stages.ts'
import { printable, seconds } from './format.ts'
import type { ProgressLine } from './progress-line.ts'
import { linesOf } from './stage-lines.ts'
import type { Terminal } from './terminal.ts'

export interface StagePrinter {
  /** Prints what is new in `run`. */
  print(run: RunSummary): void
}

export function createStagePrinter(terminal: Terminal, line: ProgressLine, asJson: boolean): StagePrinter {
  const printed = new Map<string, number>()
  const begun = new Set<string>()

  function begin(run: RunSummary, { index, use }: StageRecord): void {
    const key = `${run.id} ${index}`
    if (begun.has(key) || terminal.isWatched) return
    begun.add(key)
    line.say(
      `run ${run.number}, seed ${run.seed}: stage ${index + 1} of ${run.stages.length}, ${stageTable[use].label.toLowerCase()}`,
    )
  }

  return {
    print(run) {
      for (const stage of run.stages) {
        if (stage.state === 'running') begin(run, stage)
        if (stage.state !== 'finished' || stage.index < (printed.get(run.id) ?? 0)) continue
        printed.set(run.id, stage.index + 1)
        line.clear()
        terminal.out(asJson ? `${JSON.stringify(stageLine(run, stage))}\n` : stageText(run, stage, terminal))
      }
    },
  }
}

/** The stable keys of `--json` (design, section 5). */
function stageLine(run: RunSummary, { index, use, seconds: took, outcome, cached }: StageRecord) {
  const head = { run: run.number, seed: run.seed, stage: index, use, seconds: took }
  return { ...head, ...outcome?.result, ...(cached && { cached: true }) }
}

function stageText(
  run: RunSummary,
  { index, use, seconds: took, outcome, cached }: StageRecord,
  terminal: Terminal,
): string {
  const title = index === 0 ? `${terminal.bold(printable(`run ${run.number}: ${run.name}, seed ${run.seed}`))}\n` : ''
  const head = `  ${index + 1} ${use}, ${seconds(took ?? 0)}${cached ? ' (taken over from an earlier run)' : ''}`
  const body = outcome ? linesOf(outcome).map(text => `      ${text}`) : []
  return `${title}${[head, ...body].join('\n')}\n`
}
