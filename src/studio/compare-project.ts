/** All runs of a project that is only looked at. */
import { resolve } from 'node:path'
import type { Comparison, RunSummary } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import { type CurvesOfRun, curvesFrom } from '../shared/run-curves.ts'
import type { Study } from '../shared/study.ts'
import { compareRuns } from './compare.ts'
import { isAlive } from './owner.ts'
import { withFaults } from './project/faults.ts'
import { openProject, type Project } from './project/project.ts'
import { studyOf } from './study.ts'

/**
 * Writes nothing, and may be called while others have the project open. Runs of processes that died are interrupted, even
 * if nobody has written that yet. Throws as `openProject` does.
 */
export function compareProject(file: string): { comparison: Comparison; runs: RunSummary[] } {
  return lookAt(file, project => {
    const now = Date.now()
    const owners = project.owners.withUnfinishedRuns().filter(owner => !isAlive(owner, now))
    const interrupted = new Set(owners.flatMap(({ id }) => project.runs.unfinished(id)))
    const found = project.runs.list().map(({ id }) => {
      const run = project.runs.get(id)!
      const summary = interrupted.has(id) ? { ...run.summary, state: 'interrupted' as const } : run.summary
      return { run: { ...run, summary }, layers: project.layers.ofRun(id) }
    })
    return { comparison: compareRuns(found), runs: found.map(({ run }) => run.summary) }
  })
}

/** The distillations of all runs, summed up over their seeds. Writes nothing. Throws as `openProject` does. */
export const studyProject = (file: string): Study =>
  lookAt(file, project => studyOf(project.runs.list().map(({ id }) => project.runs.get(id)!)))

/** Every recorded point of the runs of these numbers, or of all. Writes nothing. Throws `not-found`, and as `openProject` does. */
export const curvesOfProject = (file: string, numbers: readonly number[]): CurvesOfRun[] =>
  lookAt(file, project => {
    const runs = project.runs.list()
    const missing = numbers.find(number => !runs.some(run => run.number === number))
    if (missing !== undefined) {
      throw new EspalierError({ code: 'not-found', message: `There is no run ${missing} in ${file}.`, file })
    }
    return runs
      .filter(({ number }) => numbers.length === 0 || numbers.includes(number))
      .map(run => ({ run, curves: curvesFrom(project.metrics.ofRun(run.id)) }))
  })

function lookAt<T>(file: string, look: (project: Project) => T): T {
  const path = resolve(file)
  const project = openProject(path, { readOnly: true })
  try {
    return withFaults(path, () => project.read(() => look(project)))
  } finally {
    project.close()
  }
}
