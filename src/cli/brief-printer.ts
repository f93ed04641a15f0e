/** Prints one line a finished stage, for a person who watches several runs go by. */
import type { StageRecord } from '../shared/domain.ts'
import { plural } from '../shared/plural.ts'
import type { StageOutcome } from '../shared/stages.ts'
import { stages as stageTable } from '../shared/stages.ts'
import { printFinished, type StagePrinter } from './finished-stages.ts'
import { count, percent, printable, seconds } from './format.ts'
import type { ProgressLine } from './progress-line.ts'
import type { Terminal } from './terminal.ts'

export function createBriefPrinter(terminal: Terminal, line: ProgressLine): StagePrinter {
  return printFinished(line, (run, stage, isFirst) => {
    if (isFirst) terminal.out(`\n${terminal.bold(printable(`${run.number} ${run.name}`))}\n`)
    terminal.out(`${stageText(stage)}\n`)
  })
}

function stageText({ use, seconds: took, cached, outcome }: StageRecord): string {
  const time = cached ? 'taken over' : seconds(took ?? 0)
  return `  ${stageTable[use].label.padEnd(12)}${(outcome ? briefly(outcome) : '').padEnd(54)}${time.padStart(10)}`
}

function briefly({ use, result }: StageOutcome): string {
  const parts: string[] = []
  if (use === 'evaluate')
    parts.push(`${percent(result.top1, 1)} right, ${count(result.correct)} of ${count(result.total)}`)
  if (use === 'prune') parts.push(`${percent(result.sparsity, 1)} zero`)
  const epochs = 'epochs' in result ? (result.epochs ?? []) : []
  if (epochs.length > 0) parts.push(plural(epochs.length, 'epoch'))
  const right = epochs.at(-1)?.valTop1 ?? null
  if (right !== null) parts.push(`${percent(right, 1)} right on validation`)
  return parts.join(', ')
}
