/** Sparsities that were tried on the way to an accuracy: each becomes a finished run of the recipe that would give it. */
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import type { FromEngine } from '../engine/protocol.ts'
import { probeName } from '../shared/probe-name.ts'
import { batchNormInitOf, type Recipe } from '../shared/recipe.ts'
import type { Announcer } from './announcer.ts'
import type { PreparedRun } from './prepare-run.ts'
import type { Project } from './project/project.ts'
import { takeOver } from './reuse.ts'

interface ProbeOptions {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  /** The run that tried it. */
  readonly runId: string
  readonly keysOf: PreparedRun['keysOf']
}

/** Nothing where the project has such a run: a search that goes on after a stop tries the same again. */
export function keepProbe(
  { stage, done, modelFile, modelHash }: Extract<FromEngine, { type: 'probe' }>,
  { project, announcer, ownerId, runId, keysOf }: ProbeOptions,
): void {
  const { summary, recipe: whole, inputs } = project.runs.get(runId)!
  const [first] = done
  const sparsity = first?.stage.use === 'prune' ? first.stage.sparsity : undefined
  const recipe: Recipe = {
    ...whole,
    name: probeName(whole.name, sparsity!),
    // What fresh weights begin as may follow from a stage that is not in this one.
    model: { ...whole.model, ...(whole.model.checkpoint === undefined && { batchNorm: batchNormInitOf(whole) }) },
    seeds: [summary.seed],
    stages: [...whole.stages.slice(0, stage), ...done.map(each => each.stage)],
  }
  const keys = keysOf(recipe, stage)
  const model = readFileSync(modelFile)
  rmSync(modelFile, { force: true })
  if (project.stages.findFinished(keys.at(-1)!)) return
  const id = randomUUID()
  const at = Date.now()
  project.write(() => {
    const { recipeId, seed, number } = summary
    project.runs.add({ id, ownerId, recipeId, recipe, seed, again: false, triedBy: runId, at })
    project.runs.start(id, at)
    project.runs.setInputs(id, keys.at(-1)!, inputs!)
    takeOver(project, id, project.stages.finishedOf(runId).slice(0, stage), keys, 0, at)
    for (const [i, { outcome, seconds }] of done.entries()) {
      const position = stage + i
      const weights = i === 0 ? project.weights.put(model, modelHash) : null
      const key = keys[position]!
      // This run did nothing of it.
      project.stages.finish(id, position, { seconds, outcome, key, weights, cached: true, startedAt: at })
      if (outcome.use === 'prune')
        project.layers.append(id, [{ stage: position, step: 1, layers: outcome.result.layers }])
    }
    project.log.append(id, [
      { at, text: `Tried by run ${number}, which looks for the highest sparsity at its accuracy.` },
    ])
    project.runs.end(id, 'finished', at, null)
    project.events.add(ownerId, 'run', id)
  })
  announcer.announce({ type: 'run.changed', run: project.runs.summary(id)! })
}
