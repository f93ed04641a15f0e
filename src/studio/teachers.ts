/** Teachers that are no checkpoints: models of finished runs, and of stages that this run took over. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Job } from '../engine/protocol.ts'
import { diskFault } from '../formats/disk-faults.ts'
import type { RunSummary } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import { type Recipe, teacherAfter } from '../shared/recipe.ts'
import { type FittedModel, inputDimsOf } from './inputs.ts'
import type { Project } from './project/project.ts'
import type { FinishedStage } from './project/stages.ts'
import { modelAfter } from './reuse.ts'

export interface StoredTeacher {
  readonly sha256: string
  readonly name: string
}

export interface RunTeacher extends StoredTeacher {
  /** Absent where the data that the run was trained on is no longer in the library. */
  readonly facts?: FittedModel
}

const taughtStages = ({ stages }: Recipe) =>
  [...stages.entries()].flatMap(([index, stage]) => (stage.use === 'distill' ? [{ index, ...stage.teacher }] : []))

/**
 * By the number of the stage that they teach in. Throws `not-found` and `not-allowed` for a run that left no model, and
 * `argument.invalid` for one whose inputs were normalised in another way.
 */
export function findTeachers(project: Project, recipe: Recipe): Map<number, RunTeacher> {
  return new Map(
    taughtStages(recipe).flatMap(({ index, run }) =>
      run === undefined ? [] : [[index, teacherOf(project, run, recipe)]],
    ),
  )
}

/** Throws what `findTeachers` throws; a run that is still to come may teach by the time that this recipe is worked. */
export function requireRunTeacher(project: Project, number: number, recipe: Recipe): void {
  const { state } = runOf(project, number)
  if (state !== 'queued' && state !== 'running') teacherOf(project, number, recipe)
}

function runOf(project: Project, number: number): RunSummary {
  const run = project.runs.list().find(summary => summary.number === number)
  if (run) return run
  throw new EspalierError({
    code: 'not-found',
    message: `There is no run ${number} to learn from.`,
    hint: 'Name a finished run of this project, or the checkpoint itself.',
  })
}

function teacherOf(project: Project, number: number, { data: { normalize } }: Recipe): RunTeacher {
  const run = runOf(project, number)
  const sha256 = run.state === 'finished' ? modelAfter(project.stages.finishedOf(run.id)) : null
  if (sha256 === null)
    throw new EspalierError({
      code: 'not-allowed',
      message:
        run.state === 'finished'
          ? `Run ${number} made no model to learn from: none of its stages changed one.`
          : `Run ${number} cannot teach: it is ${run.state}.`,
      rule: 'A teacher is the model that a finished run came to.',
      hint: 'Name a finished run that trained, or the checkpoint itself.',
    })
  const { recipe, inputs } = project.runs.get(run.id)!
  const own = recipe.data.normalize
  if (own !== normalize)
    throw new EspalierError({
      code: 'argument.invalid',
      message: `Run ${number} had its inputs normalised as ${own}, and this recipe has them as ${normalize}.`,
      rule: 'Teacher and student see the same inputs.',
      hint: `Set data.normalize to ${own}.`,
    })
  const seen = inputs && project.datasets.byFingerprint(inputs.data.fingerprint)
  const facts = seen && {
    path: `The model of run ${number}`,
    architecture: inputs.model.architecture,
    classes: seen.classes.length,
    inputDims: [...inputDimsOf(seen)],
  }
  return { sha256, name: `run ${number}`, ...(facts && { facts }) }
}

/** Models after stages that an earlier process or run did; those that this one does are in its own hands. */
export function stageTeachers(recipe: Recipe, reused: readonly FinishedStage[]): Map<number, StoredTeacher> {
  return new Map(
    taughtStages(recipe).flatMap(({ index, stage }) => {
      if (stage === undefined || stage >= reused.length) return []
      const sha256 = modelAfter(reused.slice(0, stage + 1))
      return sha256 === null ? [] : [[index, { sha256, name: teacherAfter(recipe, stage) }]]
    }),
  )
}

/** Their models as files in `folder`. */
export function writeTeachers(
  project: Project,
  folder: string,
  teachers: ReadonlyMap<number, StoredTeacher>,
): NonNullable<Job['teachers']> {
  return Object.fromEntries(
    [...teachers].map(([index, { sha256, name }]) => {
      const file = join(folder, `teacher-${index}.safetensors`)
      try {
        writeFileSync(file, project.weights.get(sha256)!)
      } catch (cause) {
        throw diskFault(file, cause)
      }
      return [index, { file, name }]
    }),
  )
}
