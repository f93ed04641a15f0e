/** Which metrics of training stand together in a chart, and how their numbers read. */
import { twinPrefix } from '../../../shared/stages/distill.ts'
import { bytes, count, short } from './format.ts'
import { terms } from './terms.ts'

export interface CurveLine {
  readonly metric: string
  readonly label: string
  /** Measured at every step, where a moving average says more; otherwise once an epoch, as points. */
  readonly isEachStep: boolean
  /** Recorded when it changes: it stays the same until then. */
  readonly holds?: boolean
}

export interface CurveChart {
  readonly id: string
  readonly title: string
  readonly help?: string
  readonly lines: readonly CurveLine[]
  readonly canBeLog: boolean
  /** No value is above it. */
  readonly most?: number
  /** Its lines are parts of a whole: they stand on each other, measured at the same steps and none below 0. */
  readonly isStacked?: boolean
  readonly text: (value: number) => string
}

const share = (value: number) => `${Number((value * 100).toFixed(2))} %`
const eachStep = (metric: string, label: string): CurveLine => ({ metric, label, isEachStep: true })
const eachEpoch = (metric: string, label: string): CurveLine => ({ metric, label, isEachStep: false })

/** What training is about, and what a teacher adds to it. */
export const mainCharts: readonly CurveChart[] = [
  {
    id: 'loss',
    title: 'Loss',
    help: terms.loss,
    lines: [
      eachStep('loss', 'training'),
      eachEpoch('valLoss', 'validation'),
      eachStep('twin.loss', 'twin, training'),
      eachEpoch('twin.valLoss', 'twin, validation'),
    ],
    canBeLog: true,
    text: value => short(value),
  },
  {
    id: 'accuracy',
    title: 'Accuracy',
    help: terms.top1,
    lines: [
      eachEpoch('trainTop1', 'training'),
      eachEpoch('valTop1', 'validation'),
      eachEpoch('twin.valTop1', 'twin, validation'),
      eachEpoch('teacherValTop1', 'teacher, validation'),
    ],
    canBeLog: false,
    most: 1,
    text: share,
  },
  {
    id: 'gap',
    title: 'Gap to the teacher',
    help: terms.gap,
    lines: [eachEpoch('gap', '')],
    canBeLog: false,
    most: 1,
    text: share,
  },
  {
    id: 'loss-parts',
    title: 'Parts of the loss',
    help: terms.lossParts,
    lines: [
      eachStep('crossEntropy', 'right answers'),
      eachStep('logitLoss', 'teacher’s outputs'),
      eachStep('featureLoss', 'teacher’s features'),
      eachStep('cosineLoss', 'directions of features'),
    ],
    canBeLog: false,
    isStacked: true,
    text: value => short(value),
  },
  {
    id: 'agreement',
    title: 'Agreement with the teacher',
    help: terms.agreement,
    lines: [eachEpoch('agreement', '')],
    canBeLog: false,
    most: 1,
    text: share,
  },
  {
    id: 'learning-rate',
    title: 'Learning rate',
    help: terms.learningRate,
    lines: [{ metric: 'learningRate', label: '', isEachStep: false, holds: true }],
    canBeLog: true,
    text: value => short(value),
  },
]

/** How it went on the machine and inside. */
export const moreCharts: readonly CurveChart[] = [
  {
    id: 'gradient-norm',
    title: 'Gradient norm',
    help: terms.gradientNorm,
    lines: [
      eachStep('gradientNorm', 'all'),
      eachStep('gradientNorm.student', 'student'),
      eachStep('gradientNorm.projections', 'projections'),
      eachStep('twin.gradientNorm', 'twin'),
    ],
    canBeLog: true,
    text: value => short(value),
  },
  {
    id: 'disabled-features',
    title: 'Disabled features',
    help: terms.disabledFeatures,
    lines: [eachEpoch('disabledFeatures', '')],
    canBeLog: false,
    most: 1,
    text: share,
  },
  {
    id: 'traffic',
    title: 'Bytes of a round',
    help: terms.traffic,
    lines: [eachEpoch('upBytes', 'up'), eachEpoch('downBytes', 'down')],
    canBeLog: true,
    text: bytes,
  },
  {
    id: 'throughput',
    title: 'Samples a second',
    lines: [eachStep('samplesPerSecond', '')],
    canBeLog: false,
    text: value => count(Math.round(value)),
  },
  {
    id: 'memory',
    title: 'Memory of the process',
    lines: [{ metric: 'memory', label: '', isEachStep: false }],
    canBeLog: false,
    text: bytes,
  },
]

/** Metrics that serve as axes, or stand in the table of epochs. */
const others = new Set(['epoch', 'round', 'seconds', 'trainLoss', 'sparsity'])
/** Those of a twin that the run's own have charts for already. */
const isOther = (name: string) => others.has(name) || name.startsWith(twinPrefix)

/** A chart for each metric that no chart above has. */
export function otherCharts(names: Iterable<string>): CurveChart[] {
  const known = new Set([...mainCharts, ...moreCharts].flatMap(chart => chart.lines.map(line => line.metric)))
  return [...new Set(names)]
    .filter(name => !known.has(name) && !isOther(name))
    .map(name => ({ id: name, title: name, lines: [eachStep(name, '')], canBeLog: true, text: value => short(value) }))
}
