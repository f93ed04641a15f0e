import { deriveSeed } from '../../core/random.ts'
import { type Twin, twinSchema } from '../../shared/stages/distill.ts'
import { costNote, preflightNotes, requireClassOrder } from '../distillation/preflight.ts'
import { openReport, type Report } from '../distillation/report.ts'
import { logitsOf, scoreLogits } from '../distillation/score.ts'
import { lossOf, teacherOnValidation, trainStudent } from '../distillation/student.ts'
import { trainTwin } from '../distillation/twin.ts'
import type { StageContext, StageRunner, StateStore } from '../stage-runner.ts'
import { countZeros } from '../training/pruner.ts'

/** First the twin, where no earlier run trained it, then the student; both are scored once, on samples that chose nothing. */
export const distill: StageRunner<'distill'> = async (stage, context) => {
  const { model } = context
  const { model: teacher, name } = await context.teacher(stage.teacher)
  lossOf(stage, model.graph, teacher.graph)
  const chosen = stage.choose === 'test' ? { ...context, validation: () => context.select('test') } : context
  const report = await openReport(teacher, stage.batch, context)
  requireClassOrder(report.teacherLogits, report.selection, report.classes, name)
  const known = await teacherOnValidation(teacher, stage.batch, chosen)
  const isHeldOut = known !== undefined && report.split === 'test' && stage.choose !== 'test'
  const heldOut = isHeldOut ? { top1: known.top1, total: known.predictions.length } : undefined
  const notes = preflightNotes(stage, { student: model, teacher, split: report.split, score: report.teacher, heldOut })
  const cost = costNote(stage, {
    student: model.graph,
    teacher: teacher.graph,
    samples: context.select('train').indices.length,
    rate: report.rate,
    isTwinKnown: context.twin?.known !== undefined,
  })
  for (const note of [...notes, cost]) context.log(note)

  const seed = deriveSeed(context.seed, 'distill', context.occurrence)
  const twin = await findTwin(chosen, () => trainTwin(stage, seed, report, firstHalf(chosen)))
  const second = secondPart(chosen, twin.value, twin.isTrainedHere)
  const { model: trained, ...outcome } = await trainStudent(stage, { teacher, known, twin: twin.value, seed }, second)
  context.earlierSeconds = twin.earlierSeconds + second.earlierSeconds
  context.model = trained
  const score = await scoreOf(report, stage.batch, context)
  if (report.teacher.top1 < twin.value.top1)
    notes.push('The teacher is no better than the student without it: there is little to learn from it.')
  return {
    ...outcome,
    ...countZeros(trained),
    ...score,
    split: report.split,
    choose: stage.choose,
    clipping: stage.clipping,
    teacher: { name, architecture: teacher.architecture, ...report.teacher, valTop1: known?.top1 ?? null },
    twin: twin.value,
    ...(context.twin && { twinKey: context.twin.key }),
    gain: score.top1 - twin.value.top1,
    notes,
  }
}

async function scoreOf(report: Report, batch: number, context: StageContext) {
  const logits = await logitsOf(context.compiled(), report.selection, batch, context)
  return scoreLogits(logits, report.teacherLogits, report.selection, report.classes)
}

interface FoundTwin {
  readonly value: Twin
  readonly isTrainedHere: boolean
  /** Seconds that earlier processes spent on it. */
  readonly earlierSeconds: number
}

/** The twin of an earlier run, the one that this run trained before it was interrupted, or a new one. */
async function findTwin(context: StageContext, trainIt: () => ReturnType<typeof trainTwin>): Promise<FoundTwin> {
  const known = context.twin?.known
  if (known) return { value: known, isTrainedHere: false, earlierSeconds: 0 }
  const before = twinSchema.safeParse((await context.state.read())?.before)
  if (before.success) return { value: before.data, isTrainedHere: true, earlierSeconds: secondsOf(before.data) }
  return { ...(await trainIt()), isTrainedHere: true }
}

const secondsOf = ({ epochs }: Twin) => epochs.reduce((sum, { seconds }) => sum + seconds, 0)

/** The student's training: its record begins at step 0 again, and its state remembers the twin. */
function secondPart(context: StageContext, twin: Twin, isTrainedHere: boolean): StageContext {
  if (!isTrainedHere) return { ...context, earlierSeconds: 0 }
  context.record.restart()
  const state: StateStore = {
    ...context.state,
    write: saved => context.state.write({ ...saved, before: twin }),
  }
  return { ...context, earlierSeconds: 0, state, step: (done, total) => context.step(total + done, 2 * total) }
}

/** The twin's training, as the first half of the stage's work. Whoever looks at the run's model must not see the twin. */
const firstHalf = (context: StageContext): StageContext => ({
  ...context,
  state: {
    ...context.state,
    write: ({ kernels: _, ...saved }) => context.state.write(saved),
  },
  step: (done, total) => context.step(done, 2 * total),
})
