/** Follows runs of a studio to their end: progress, what each stage gives, and what became of them. */
import type { StudioEvent } from '../shared/contract.ts'
import type { RunSummary } from '../shared/domain.ts'
import { EspalierError, fromErrorData } from '../shared/errors.ts'
import type { Studio } from '../studio/studio.ts'
import { oneLine, report, statusOf } from './errors.ts'
import { roundLine } from './federation-lines.ts'
import type { StagePrinter } from './finished-stages.ts'
import { type ProgressLine, progressText } from './progress-line.ts'
import { createStagePrinter } from './stage-printer.ts'
import type { Terminal } from './terminal.ts'

export interface FollowOptions {
  readonly studio: Studio
  readonly terminal: Terminal
  readonly line: ProgressLine
  readonly asJson: boolean
  /** Default: each stage as a table, or as a JSON line. */
  readonly printer?: StagePrinter
}

/** Queues runs with `begin` and resolves with the exit status when all are over, and those that followed from them. */
export async function followRuns(
  begin: () => Promise<readonly RunSummary[]> | readonly RunSummary[],
  { studio, terminal, line, asJson, printer = createStagePrinter(terminal, line, asJson) }: FollowOptions,
): Promise<number> {
  const summaries = new Map<string, RunSummary>()
  studio.onEvent((event: StudioEvent) => {
    // Runs that follow from those that were begun are this studio's too.
    if (event.type === 'run.changed' && (summaries.has(event.run.id) || studio.has(event.run.id))) {
      summaries.set(event.run.id, event.run)
      printer.print(event.run)
    } else if (event.type === 'run.progress' && summaries.has(event.progress.runId)) {
      line.draw(`${describe(summaries.get(event.progress.runId)!)}  ${progressText(event.progress)}`)
    } else if (event.type === 'run.federation' && summaries.has(event.runId) && event.report.kind === 'round') {
      line.say(`${describe(summaries.get(event.runId)!)}: ${roundLine(event.report)}`)
    } else if (event.type === 'run.log' && summaries.has(event.runId) && !asJson) {
      // What a person should know while it runs, such as what a teacher is worth and how long it will take.
      line.say(`${describe(summaries.get(event.runId)!)}: ${event.text}`)
    }
  })
  for (const summary of await begin()) summaries.set(summary.id, summary)
  await studio.idle()
  line.clear()
  return conclude([...summaries.values()], terminal, asJson)
}

const describe = ({ number, seed }: RunSummary) => `run ${number}, seed ${seed}`

/** Says what went wrong; the first fault decides the exit status, and is the one object of `--json`. */
function conclude(runs: readonly RunSummary[], terminal: Terminal, asJson: boolean): number {
  const failed = runs.flatMap(run => (run.error ? { run, error: fromErrorData(run.error) } : []))
  const [first] = failed
  if (first) {
    if (asJson) return report(first.error, terminal, true)
    for (const { run, error } of failed) terminal.err(`${describe(run)}: ${oneLine(error)}\n`)
    return statusOf(first.error)
  }
  const early = runs.find(({ state }) => state === 'stopped' || state === 'paused')
  if (!early) return 0
  const message = `Run ${early.number}, seed ${early.seed}, was ${early.state}.`
  const hint = `"espalier resume ${early.number}" goes on with it.`
  return report(new EspalierError({ code: 'run.stopped', message, hint }), terminal, asJson)
}
