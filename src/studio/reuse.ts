/** Finished work of the same identity, and how a run takes it over. */
import type { Project } from './project/project.ts'
import type { FinishedStage } from './project/stages.ts'

/** The longest run of finished stages from number `from` on whose keys are equal to `keys`. */
export function findReusable(project: Project, keys: readonly string[], from: number): FinishedStage[] {
  const found: FinishedStage[] = []
  for (const key of keys.slice(from)) {
    const stage = project.stages.findFinished(key)
    if (!stage) break
    found.push(stage)
  }
  return found
}

/** Writes `stages` as those of `runId` from number `from` on: results, curves and layer statistics. */
export function takeOver(
  project: Project,
  runId: string,
  stages: readonly FinishedStage[],
  keys: readonly string[],
  from: number,
  at: number,
): void {
  for (const [index, stage] of stages.entries()) {
    const position = from + index
    const { seconds, outcome, weights } = stage
    // What an interrupted attempt recorded of it.
    project.metrics.cut(runId, position, -1)
    project.layers.cut(runId, position, -1)
    project.norms.cut(runId, position, -1)
    project.federations.cut(runId, position, -1)
    project.stages.finish(runId, position, {
      seconds,
      outcome,
      key: keys[position]!,
      weights,
      cached: true,
      startedAt: at,
    })
    project.metrics.copy(stage.runId, stage.position, runId)
    project.layers.copy(stage.runId, stage.position, runId)
    project.norms.copy(stage.runId, stage.position, runId)
  }
}

/** SHA-256 of the model after `stages`; null if none of them changed it. */
export const modelAfter = (stages: readonly FinishedStage[]): string | null =>
  stages.findLast(({ weights }) => weights !== null)?.weights ?? null
