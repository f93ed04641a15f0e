/** Prints each stage of a run when it is finished, in the order of the recipe: a table, or a JSON line. */
import type { RunSummary, StageRecord } from '../shared/domain.ts'
import { stages as stageTable } from '../shared/stages.ts'
import { printFinished, type StagePrinter } from './finished-stages.ts'
import { jsonLine, printable, seconds } from './format.ts'
import type { ProgressLine } from './progress-line.ts'
import { linesOf } from './stage-lines.ts'
import type { Terminal } from './terminal.ts'

export function createStagePrinter(terminal: Terminal, line: ProgressLine, asJson: boolean): StagePrinter {
  const begun = new Set<string>()

  function begin(run: RunSummary, { index, use }: StageRecord): void {
    const key = `${run.id} ${index}`
    if (begun.has(key) || terminal.isWatched) return
    begun.add(key)
    line.say(
      `run ${run.number}, seed ${run.seed}: stage ${index + 1} of ${run.stages.length}, ${stageTable[use].label.toLowerCase()}`,
    )
  }

  const finished = printFinished(line, (run, stage) =>
    terminal.out(asJson ? jsonLine(stageLine(run, stage)) : stageText(run, stage, terminal)),
  )
  return {
    print(run) {
      finished.print(run)
      for (const stage of run.stages) if (stage.state === 'running') begin(run, stage)
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
  const body = outcome ? linesOf(outcome).map(text => printable(`      ${text}`)) : []
  return `${title}${[head, ...body].join('\n')}\n`
}
