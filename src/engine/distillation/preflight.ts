/** What is looked at before a student is trained: what cannot work is an error, what will disappoint is said. */
import { confusionOf, exchangedClasses } from '../../core/distillation/class-order.ts'
import { graphCost } from '../../core/graph/cost.ts'
import { elementCount } from '../../core/graph/dims.ts'
import type { Graph, Model } from '../../core/graph/model.ts'
import { integersAttribute } from '../../core/graph/op-rule.ts'
import { inferShapes } from '../../core/graph/shapes.ts'
import { EspalierError } from '../../shared/errors.ts'
import { plural } from '../../shared/plural.ts'
import { type DistillationScore, isChosenOnReport } from '../../shared/stages/distill.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { Selection } from '../stage-runner.ts'
import { predictionsOf } from './score.ts'

export interface Measured {
  readonly student: Graph
  readonly teacher: Graph
  /** Samples of an epoch, and of all that is scored once. */
  readonly samples: number
  /** Teacher's samples a second, when it was scored. */
  readonly rate: number
  readonly isTwinKnown: boolean
}

/** A teacher below this is said to be weak. */
const weakTop1 = 0.5

/** A teacher that is better on validation than on test by this much, and by more than chance, has seen those samples. */
const seenGap = 0.02
const seenErrors = 3

interface Compared {
  readonly student: Model
  readonly teacher: Model
  /** The samples that are reported. */
  readonly split: 'validation' | 'test'
  /** Of the teacher, on them. */
  readonly score: DistillationScore
  /** The teacher on held-out training samples; absent where none are held out, or where they are those that are reported. */
  readonly heldOut?: { readonly top1: number; readonly total: number } | undefined
}

/** Sentences for a person. */
export function preflightNotes(
  stage: StageOf<'distill'>,
  { student, teacher, split, score, heldOut }: Compared,
): string[] {
  const notes: string[] = []
  notes.push(`The teacher is right on ${percent(score.top1)} of the samples that are reported.`)
  if (score.top1 < weakTop1)
    notes.push(`That is a weak teacher for this data: was it trained with this normalisation and on these classes?`)
  if (heldOut && hasSeen(heldOut, score))
    notes.push(
      `On the validation samples it is right on ${percent(heldOut.top1)}: it was probably trained on them. Gap and agreement on validation then overstate the teacher; the numbers on test samples are not affected.`,
    )
  for (const [whose, { graph }] of [
    ['student', student],
    ['teacher', teacher],
  ] as const)
    if (hasImagenetStem(graph)) notes.push(stemNote(whose, graph))
  if (stage.loss === 'feature' && stage.clipping === 'student-only')
    notes.push('Projections are left out of the clipping: the published bug, for comparison only.')
  if (isChosenOnReport(stage, split))
    notes.push(
      split === 'test'
        ? "The best epoch is chosen on the test samples that are reported, as in the paper's first version: the result is too high."
        : 'There are no test samples: the best epoch is chosen on the validation samples that are reported, so the result is too high.',
    )
  return notes
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`

/** By the standard error of the difference of two shares. */
function hasSeen(heldOut: NonNullable<Compared['heldOut']>, { top1, total }: DistillationScore): boolean {
  const gap = heldOut.top1 - top1
  const variance = (share: number, samples: number) => (share * (1 - share)) / samples
  const error = Math.sqrt(variance(heldOut.top1, heldOut.total) + variance(top1, total))
  return gap >= seenGap && gap > seenErrors * error
}

/** Throws `dataset.classes` where the teacher's answers are right under other numbers. */
export function requireClassOrder(
  logits: Float32Array,
  { split, indices }: Selection,
  names: readonly string[],
  teacher: string,
): void {
  const labels = Int32Array.from(indices, index => split.labels[index]!)
  const given = exchangedClasses(confusionOf(labels, predictionsOf(logits, names.length), names.length))
  if (!given) return
  const label = given.findIndex((prediction, own) => prediction !== own)
  throw new EspalierError({
    code: 'dataset.classes',
    message: `${teacher} has the classes of the data in another order: to "${names[label]}", class ${label}, it gives its class ${given[label]}.`,
    file: teacher,
    rule: 'Teacher and data must mean the same class by the same number.',
    hint: 'Order the classes of the data as those that the teacher was trained on.',
  })
}

/** A stem that divides the size by four, as networks for images of 224 pixels have it. */
function hasImagenetStem(graph: Graph): boolean {
  const [first] = graph.nodes
  const [, height] = graph.input.dims
  if (first?.op !== 'Conv' || graph.input.dims.length !== 3 || height! > 64) return false
  const pools = graph.nodes.slice(0, 5).some(({ op }) => op === 'MaxPool')
  return integersAttribute(first, 'strides', 2, [1, 1])[0] === 2 && pools
}

/** Five-systems, section 1d: ResNet-18, 34 and 50 on CIFAR-10 without distillation. */
const stemNote = (whose: string, { input: { dims } }: Graph) =>
  `The ${whose} has a stem for large images, and these are ${dims[2]} x ${dims[1]}: on CIFAR-10 that stem cost ResNets 5.5 to 7.2 points (2605.31191), far more than distillation gives. Choose the architecture for small images.`

/** A sentence about time and memory. */
export function costNote({ batch, epochs }: StageOf<'distill'>, measured: Measured): string {
  const { samples, rate, isTwinKnown } = measured
  const [own, taught] = [costOf(measured.student), costOf(measured.teacher)]
  // A training step is about three passes; the teacher's speed is measured, the student's follows by its MACs.
  const perStudent = (3 * own.macs) / taught.macs / rate
  const seconds = epochs * samples * (perStudent * (isTwinKnown ? 1 : 2) + 1 / rate)
  // Weights, gradients and momentum; values kept for the way back and their gradients; the teacher's largest values.
  const bytes = 4 * (4 * own.parameters + taught.parameters + batch * (3 * own.values + taught.values / 2))
  return `About ${duration(seconds)} and ${Math.ceil(bytes / 1e6)} MB for ${plural(epochs, 'epoch')} of ${plural(samples, 'sample')}${isTwinKnown ? '' : ', the twin included'}.`
}

function costOf(graph: Graph) {
  const { macs, parameters } = graphCost(graph)
  /** Numbers that one sample becomes on its way. */
  const values = [...inferShapes(graph).values()].reduce((sum, dims) => sum + elementCount(dims), 0)
  return { macs, parameters, values }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
