/** The samples on which teacher, student and twin are scored once, and what the teacher says of them. */
import type { Model } from '../../core/graph/model.ts'
import type { DistillationScore } from '../../shared/stages/distill.ts'
import type { Selection, StageContext } from '../stage-runner.ts'
import { logitsOf, scoreLogits } from './score.ts'

export interface Report {
  readonly split: 'validation' | 'test'
  readonly selection: Selection
  readonly classes: readonly string[]
  readonly teacherLogits: Float32Array
  readonly teacher: DistillationScore
  /** The teacher's samples a second. */
  readonly rate: number
}

/** Test samples; those of validation where there are none. Throws `dataset.no-split` where there is neither. */
export async function openReport(teacher: Model, batch: number, context: StageContext): Promise<Report> {
  const { dataset } = context
  const split = (dataset.splits.test?.count ?? 0) > 0 ? 'test' : 'validation'
  const selection = context.select(split)
  const compiled = context.compiled(teacher)
  const start = performance.now()
  const teacherLogits = await logitsOf(compiled, selection, batch, context)
  const rate = selection.indices.length / ((performance.now() - start) / 1000)
  const classes = dataset.classes
  return {
    split,
    selection,
    classes,
    teacherLogits,
    teacher: scoreLogits(teacherLogits, teacherLogits, selection, classes),
    rate,
  }
}
