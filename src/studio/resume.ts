/** How a run that ended early goes on: what it recorded after its saved state is forgotten, because it happens again. */
import { rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { readStateHeader } from '../engine/training/state-file.ts'
import type { RunSummary } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import { twinPrefix } from '../shared/stages/distill.ts'
import { stateFolder } from './directories.ts'
import type { Project } from './project/project.ts'

/** Queues the run for `ownerId`. Throws `not-found`, and `not-allowed` for a run that did not end early. */
export function rewind(
  id: string,
  { project, ownerId }: { readonly project: Project; readonly ownerId: string },
): void {
  const header = readStateHeader(stateFolder(project.path, id))
  project.write(() => {
    const run = project.runs.summary(id)
    if (!run) throw new EspalierError({ code: 'not-found', message: `There is no run ${id} in this project.` })
    if (!project.runs.requeue(id, ownerId)) {
      throw new EspalierError({
        code: 'not-allowed',
        message: `Run ${run.number} is ${run.state}.`,
        rule: 'A run can be resumed that was paused or stopped, that failed, or whose process died.',
      })
    }
    project.stages.reset(id)
    const stage = project.stages.finishedOf(id).length
    // Without a state of this stage it begins anew: nothing of it stays.
    const step = header?.stage === stage ? header.after : -1
    if (header?.stage === stage && header.isSecondPart) project.metrics.cutBut(id, stage, step, twinPrefix)
    else project.metrics.cut(id, stage, step)
    project.layers.cut(id, stage, step)
    project.norms.cut(id, stage, step)
    project.federations.cut(id, stage, step)
    project.log.append(id, [{ at: Date.now(), text: textOf(stage, run.stages.length, step) }])
    project.events.add(ownerId, 'run', id)
  })
}

const textOf = (stage: number, of: number, step: number) =>
  `Resumed ${step < 0 ? 'at the start of' : 'within'} stage ${Math.min(stage + 1, of)} of ${of}.`

/** Of a run that needs it no more. What cannot be removed is in nobody's way. */
export function removeState(projectPath: string, id: string): void {
  const folder = stateFolder(projectPath, id)
  try {
    rmSync(folder, { recursive: true, force: true })
    // Only when no other run has one.
    rmdirSync(dirname(folder))
  } catch {}
}

/** Throws `run.inputs-changed` where a run began with another identity than it would go on with. */
export function requireSameInputs({ number, identity }: RunSummary, keys: readonly string[]): void {
  if (identity !== null && identity !== keys.at(-1)) {
    throw new EspalierError({
      code: 'run.inputs-changed',
      message: `Run ${number} cannot go on: its data, its weights or the engine are not those it began with.`,
      rule: 'A run has one identity from its start to its end.',
      hint: 'Run its recipe anew.',
    })
  }
}
