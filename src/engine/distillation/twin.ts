/** The twin: the same student, seed and training without a teacher. What a teacher gains is gained over its twin. */
import { trainableParameters } from '../../core/graph/cost.ts'
import { type Twin, twinPrefix, twinSettings } from '../../shared/stages/distill.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { StageContext } from '../stage-runner.ts'
import { train } from '../training/loop.ts'
import { programOptions } from '../training/options.ts'
import { noPruning } from '../training/plan.ts'
import type { StageRecord } from '../training/record.ts'
import type { Report } from './report.ts'
import { logitsOf, scoreLogits } from './score.ts'

export async function trainTwin(
  stage: StageOf<'distill'>,
  seed: number,
  report: Report,
  context: StageContext,
): Promise<{ readonly value: Twin; readonly earlierSeconds: number }> {
  const { model } = context
  const trained = new Set(trainableParameters(model.graph))
  const own = { ...context, record: prefixed(context.record) }
  const {
    model: twin,
    trainableParams: _,
    ...outcome
  } = await train(own, {
    training: stage,
    compiled: context.trainable(programOptions(stage, trained, new Set(model.masks.keys()))),
    trained,
    seed,
    planFor: () => noPruning,
    settings: { twin: twinSettings(stage) },
  })
  const logits = await logitsOf(context.compiled(twin), report.selection, stage.batch, context)
  const score = scoreLogits(logits, report.teacherLogits, report.selection, report.classes)
  const { agreement, kl1, kl4, ...accuracy } = score
  const value = { ...accuracy, fidelity: { agreement, kl1, kl4 }, ...outcome }
  return { value, earlierSeconds: own.earlierSeconds }
}

function prefixed(record: StageRecord): StageRecord {
  return {
    ...record,
    // A stage has one batch norm to tell of: the student's.
    norms: () => {},
    points: (step, values) =>
      record.points(
        step,
        Object.fromEntries(Object.entries(values).map(([name, value]) => [twinPrefix + name, value])),
      ),
  }
}
