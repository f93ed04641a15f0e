/** The calls about runs. */
import { dirname } from 'node:path'
import type { Handlers } from '../shared/contract.ts'
import type { RunDetail, RunSummary } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import { type FederationSoFar, withReport } from '../shared/federation-report.ts'
import { listedRun } from '../shared/listed-run.ts'
import { parseRecipe } from '../shared/recipe.ts'
import { curvesFrom } from '../shared/run-curves.ts'
import type { Announcer } from './announcer.ts'
import { compareRuns } from './compare.ts'
import { layerWeights } from './layer-weights.ts'
import type { Project } from './project/project.ts'
import type { EarlyState, StoredRun } from './project/runs.ts'
import type { Queue } from './queue.ts'
import { recipeProblems } from './recipe-check.ts'
import { resolvePaths } from './recipe-paths.ts'
import { removeState } from './resume.ts'
import { createAllocationDesk } from './solve-allocations.ts'
import { studyOf } from './study.ts'
import { studyRecipes } from './study-recipes.ts'
import { startSelection } from './study-selection.ts'
import { thinMetrics } from './thin-metrics.ts'

export interface RunCallOptions {
  readonly project: Project
  readonly queue: Queue
  readonly announcer: Announcer
  readonly ownerId: string
}

type RunCalls = Pick<
  Handlers,
  | 'run.start'
  | 'run.list'
  | 'run.get'
  | 'run.layer'
  | 'run.curves'
  | 'run.norms'
  | 'run.stop'
  | 'run.pause'
  | 'run.resume'
  | 'run.remove'
  | 'run.compare'
  | 'run.study'
  | 'allocation.solve'
>

const isOver = ({ state }: RunSummary) => state !== 'queued' && state !== 'running'

export function createRunCalls({ project, queue, announcer, ownerId }: RunCallOptions): RunCalls {
  const folder = dirname(project.path)
  const allocations = createAllocationDesk(project)

  function find(id: string): StoredRun {
    const run = project.runs.get(id)
    if (run) return { ...run, summary: queue.truth(run.summary) }
    throw new EspalierError({ code: 'not-found', message: `There is no run ${id} in this project.` })
  }

  /** Resolves when a run that another process works has ended, or that process has died. */
  async function waitForOthers(id: string, signal: AbortSignal): Promise<void> {
    while (!isOver(find(id).summary)) {
      if (signal.aborted) throw new EspalierError({ code: 'run.stopped', message: 'The call was cancelled.' })
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  async function endEarly(id: string, state: EarlyState, signal: AbortSignal): Promise<RunSummary> {
    const { summary } = find(id)
    if (queue.has(id)) {
      await queue.stop(id, state === 'paused' ? 'Paused by hand.' : 'Stopped by hand.', state)
    } else if (!isOver(summary)) {
      project.write(() => project.runs.requestStop(id, state))
      await waitForOthers(id, signal)
    }
    return find(id).summary
  }

  return {
    'run.start'({ document, recipeId, again }) {
      const recipe = resolvePaths(parseRecipe(document), folder)
      const recipes = studyRecipes(recipe)
      for (const each of recipes) {
        const [problem] = recipeProblems(each, project, folder)
        if (!problem) continue
        const { code, message, hint, path: file } = problem
        const place = recipe.study ? `${each.name}: ` : ''
        throw new EspalierError({ code, message: `${place}${message}`, file, ...(hint !== undefined && { hint }) })
      }
      const options = { recipeId: recipeId ?? null, again: again ?? false }
      if (recipe.study?.repeat === 'best')
        return { runs: startSelection(recipe, options, { project, queue, announcer }) }
      return { runs: recipes.flatMap(each => queue.add(each, options)) }
    },
    'run.list': () => ({ runs: project.read(() => project.runs.list()).map(run => listedRun(queue.truth(run))) }),
    'run.get'({ id }): RunDetail {
      return project.read(() => {
        const { summary, recipe, device, progress } = find(id)
        const metrics = thinMetrics(project.metrics.ofRun(id))
        return {
          run: summary,
          recipe,
          device,
          layers: project.layers.ofRun(id),
          metrics: metrics.points,
          ...(metrics.leftOut > 0 && { metricsLeftOut: metrics.leftOut }),
          federations: project.federations.ofRun(id).reduce<FederationSoFar[]>(withReport, []),
          log: project.log.ofRun(id),
          progress: queue.has(id) ? queue.progress(id) : progress,
        }
      })
    },
    async 'run.layer'({ id, layer }) {
      return { weights: await layerWeights(project, find(id).summary, layer) }
    },
    'run.curves'({ id }) {
      find(id)
      return { curves: curvesFrom(project.read(() => project.metrics.ofRun(id))) }
    },
    'run.norms'({ id }) {
      find(id)
      return { snapshots: project.read(() => project.norms.ofRun(id)) }
    },
    'run.stop': ({ id }, { signal }) => endEarly(id, 'stopped', signal),
    'run.pause': ({ id }, { signal }) => endEarly(id, 'paused', signal),
    'run.resume'({ id }) {
      find(id)
      queue.resume(id)
      return find(id).summary
    },
    'run.remove'({ id }) {
      const { summary } = find(id)
      if (!isOver(summary)) {
        throw new EspalierError({
          code: 'not-allowed',
          message: `Run ${summary.number} is ${summary.state}.`,
          rule: 'A run can be removed when it is over.',
          hint: 'Stop it first.',
        })
      }
      project.write(() => {
        project.runs.remove(id)
        project.weights.removeUnused()
        project.events.add(ownerId, 'run-removed', id)
      })
      removeState(project.path, id)
      announcer.announce({ type: 'run.removed', id })
      return {}
    },
    'allocation.solve': question => allocations.answer(question, find(question.run)),
    'run.study': ({ ids }) => project.read(() => studyOf(ids.map(find))),
    'run.compare': ({ ids }) =>
      project.read(() => compareRuns(ids.map(id => ({ run: find(id), layers: project.layers.ofRun(id) })))),
  }
}
