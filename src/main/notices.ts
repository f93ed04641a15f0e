/** The words for the end of a run, for a person who is looking at something else. */
import type { RunSummary } from '../shared/domain.ts'

export interface Notice {
  readonly title: string
  readonly body: string
}

/** null for an end that needs no word: the person stopped it. */
export function endNotice(run: RunSummary): Notice | null {
  const what = `${run.name}, seed ${run.seed}`
  if (run.state === 'finished') return { title: `Run ${run.number} has finished`, body: what }
  if (run.state === 'failed') return { title: `Run ${run.number} has failed`, body: run.error?.message ?? what }
  if (run.state === 'interrupted')
    return { title: `Run ${run.number} was interrupted`, body: run.error?.message ?? what }
  return null
}
