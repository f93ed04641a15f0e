/** A student trained beside its teacher, in one graph. */
import { initialiseProjections, projectionParameters } from '../../core/distillation/projections.ts'
import { pairTaps } from '../../core/distillation/taps.ts'
import { trainableParameters } from '../../core/graph/cost.ts'
import type { Graph, Model } from '../../core/graph/model.ts'
import type { Twin } from '../../shared/stages/distill.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { DistillationLossOptions } from '../compile/distillation-loss.ts'
import type { GradientGroup, StepResult } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'
import { type LoopOutcome, train } from '../training/loop.ts'
import { gradientGroup, programOptions } from '../training/options.ts'
import { noPruning } from '../training/plan.ts'
import { logitsOf, predictionsOf } from './score.ts'
import { keepTaught } from './taught.ts'

type Stage = StageOf<'distill'>

/** Throws `argument.invalid` for taps that do not fit. */
export function lossOf(stage: Stage, student: Graph, teacher: Graph): DistillationLossOptions {
  if (stage.loss === 'logit') return { kind: 'logit', temperature: stage.temperature }
  return {
    kind: 'feature',
    beta: stage.beta,
    taps: pairTaps(student, teacher, stage.taps),
    scaling: stage.teacherScaling,
  }
}

/** Gradient norms of student and projections, and of both; one of them clips. */
function groupsOf(
  { clipping, clipNorm: maxNorm }: Stage,
  student: ReadonlySet<string>,
  projections: ReadonlySet<string>,
): GradientGroup[] {
  const clips = (on: boolean) => (on ? { maxNorm } : {})
  return [
    { name: gradientGroup, parameters: new Set([...student, ...projections]), ...clips(clipping === 'together') },
    { name: 'student', parameters: student, ...clips(clipping === 'student-only') },
    { name: 'projections', parameters: projections },
  ]
}

export interface Teaching {
  readonly teacher: Model
  /** Of the teacher on the samples by which the best epoch is chosen; undefined where there are none. */
  readonly known: { readonly predictions: Int32Array; readonly top1: number } | undefined
  readonly twin: Twin
  readonly seed: number
}

export async function trainStudent(
  stage: Stage,
  { teacher, known, twin, seed }: Teaching,
  context: StageContext,
): Promise<LoopOutcome> {
  const { model } = context
  const loss = lossOf(stage, model.graph, teacher.graph)
  const parameters = loss.kind === 'feature' ? projectionParameters(loss.taps) : {}
  const trained = new Set(trainableParameters(model.graph))
  const compiled = context.trainable({
    ...programOptions(stage, trained, new Set(model.masks.keys())),
    groups: groupsOf(stage, trained, new Set(Object.keys(parameters))),
    distillation: { teacher: teacher.graph, alpha: stage.alpha, loss },
  })
  compiled.assignTeacher(teacher, initialiseProjections(parameters, seed))
  const taught = await keepTaught(compiled, stage.batch, context)
  return train(context, {
    training: stage,
    compiled,
    trained,
    seed,
    planFor: () => noPruning,
    settings: { student: stage, twin: twin.kept },
    ...(taught && { taught }),
    recordStep: lossParts,
    recordEpoch({ top1, predictions }) {
      if (!known) return {}
      const same = predictions.reduce((sum, prediction, i) => sum + Number(prediction === known.predictions[i]), 0)
      return { agreement: same / predictions.length, teacherValTop1: known.top1, gap: known.top1 - top1 }
    },
  })
}

/** What the loss is made of, its parts adding up to it, and the norms of the groups before clipping. */
function lossParts({ parts, gradientNorms }: StepResult, count: number): Record<string, number> {
  const norms = [...gradientNorms].filter(([name]) => name !== gradientGroup)
  return {
    ...Object.fromEntries([...parts].map(([name, sum]) => [name, sum / count])),
    ...Object.fromEntries(norms.map(([name, norm]) => [`gradientNorm.${name}`, norm])),
  }
}

/** What the teacher says of the samples by which the best epoch is chosen. */
export async function teacherOnValidation(
  teacher: Model,
  batch: number,
  context: StageContext,
): Promise<Teaching['known']> {
  const selection = context.validation()
  if (!selection) return
  const classes = context.dataset.classes.length
  const predictions = predictionsOf(await logitsOf(context.compiled(teacher), selection, batch, context), classes)
  const { labels } = selection.split
  const correct = predictions.reduce(
    (sum, prediction, i) => sum + Number(prediction === labels[selection.indices[i]!]),
    0,
  )
  return { predictions, top1: correct / predictions.length }
}
