/** Where a sparsity is kept that a search tried. */
import type { RunSummary } from '../../../shared/domain.ts'
import type { ListedRun } from '../../../shared/listed-run.ts'
import { probeName } from '../../../shared/probe-name.ts'

interface Probe {
  readonly sparsity: number
  readonly zeros: number
  /** null where it was not scored, and so not kept. */
  readonly correct: number | null
}

/** `stage` is the one that searched. One that was removed is none. */
export function keptAs(
  search: Pick<RunSummary, 'id' | 'name' | 'seed'>,
  stage: number,
  { sparsity, zeros, correct }: Probe,
  runs: readonly ListedRun[],
): ListedRun | undefined {
  const name = probeName(search.name, sparsity)
  const kept = runs.filter(run => run.name === name && run.seed === search.seed && run.stages.length === stage + 2)
  return (
    kept.find(run => run.triedBy === search.id) ??
    // What another search had kept is not kept again.
    kept.find(run => run.stages.at(-1)?.counts?.zeros === zeros && run.stages.at(-1)?.score?.correct === correct)
  )
}
