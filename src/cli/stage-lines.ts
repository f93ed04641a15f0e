/** What a finished stage says to a person: one function a stage. */
import type { FeatureCounts } from '../shared/features.ts'
import { plural } from '../shared/plural.ts'
import type { StageOutcome, StageResultOf, StageUse } from '../shared/stages.ts'
import type { EpochRecord } from '../shared/training.ts'
import { federationLines } from './federation-lines.ts'
import { count, percent, seconds, table } from './format.ts'

type Additivity = NonNullable<StageResultOf<'prune'>['additivity']>

const lines: { readonly [Use in StageUse]: (result: StageResultOf<Use>) => string[] } = {
  'disable-features': ({ layers, split, before, after, ...counts }) => [
    featuresLine(counts),
    `${split}: top-1 ${percent(before.top1)} before, ${percent(after.top1)} after; loss ${before.loss.toFixed(4)}, ${after.loss.toFixed(4)}`,
    ...table(
      [
        { title: 'layer', text: layer => layer.name },
        { title: 'features', text: layer => count(layer.features), right: true },
        { title: 'disabled', text: layer => count(layer.disabled), right: true },
        { title: 'share', text: layer => percent(layer.disabled / layer.features), right: true },
      ],
      layers,
    ).map(line => `  ${line}`),
  ],
  evaluate: ({ split, correct, total, top1, top5, loss, zeros, weights }) => [
    `${split}: ${count(correct)} of ${count(total)} right, top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toFixed(4)}`,
    zerosLine({ zeros, weights }),
  ],
  federate: result => [...federationLines(result), zerosLine(result)],
  prune: ({ zeros, weights, layers, macs, bytes, probes, additivity, epochs = [], kept, stoppedEarly }) => [
    ...(probes ? probeLines(probes) : []),
    ...epochLines(epochs, kept, stoppedEarly),
    zerosLine({ zeros, weights }),
    ...(bytes ? [`${count(bytes.file)} bytes of model file, ${count(bytes.dense)} without a mask`] : []),
    ...(macs
      ? [`${count(macs.nonzero)} of ${count(macs.total)} MACs are left (${percent(macs.nonzero / macs.total)})`]
      : []),
    ...(additivity ? additivityLines(additivity) : []),
    ...table(
      [
        { title: 'layer', text: layer => layer.name },
        { title: 'weights', text: layer => count(layer.weights), right: true },
        { title: 'zeros', text: layer => count(layer.zeros), right: true },
        { title: 'sparsity', text: layer => percent(layer.zeros / layer.weights), right: true },
      ],
      layers,
    ).map(line => `  ${line}`),
    ...deadLines(layers),
  ],
  recalibrate: ({ batches, samples, shift }) => [
    `statistics of ${plural(batches, 'batch', 'batches')}, ${plural(samples, 'sample')}; means moved by ${shift.toPrecision(3)} standard deviations`,
  ],
  train: ({ trainableParams, epochs, kept, stoppedEarly, disabledFeatures, zeros, weights }) => [
    trainableParams === 0
      ? 'nothing trained; running statistics moved'
      : `${plural(trainableParams, 'parameter')} trained`,
    ...epochLines(epochs, kept, stoppedEarly),
    ...(disabledFeatures ? [featuresLine(disabledFeatures)] : []),
    zerosLine({ zeros, weights }),
  ],
  distill: result => [
    `${plural(result.trainableParams, 'parameter')} trained`,
    ...epochLines(result.epochs, result.kept, result.stoppedEarly),
    ...distillLines(result),
    zerosLine(result),
  ],
}

/** What global thresholds do to layers of small weights at high sparsities. */
function deadLines(layers: StageResultOf<'prune'>['layers']): string[] {
  const dead = layers.filter(({ zeros, weights }) => zeros === weights).map(({ name }) => name)
  if (dead.length === 0) return []
  return [`No weight is left in ${dead.join(', ')}: nothing passes there. A minimum to keep (minimumKeep) prevents it.`]
}

type Distilled = StageResultOf<'distill'>

function distillLines(result: Distilled): string[] {
  const { teacher, twin, gain, split, notes, classes } = result
  const rows = [
    { ...result, name: 'student' },
    { ...twin, ...twin.fidelity, name: 'without teacher' },
    { ...teacher, name: `teacher (${teacher.architecture})` },
  ]
  const points = `${gain < 0 ? '-' : '+'}${(100 * Math.abs(gain)).toFixed(2)} points`
  return [
    ...notes,
    ...table<(typeof rows)[number]>(
      [
        { title: split, text: row => row.name },
        { title: 'right', text: row => `${count(row.correct)}/${count(row.total)}`, right: true },
        { title: 'top-1', text: row => percent(row.top1), right: true },
        { title: 'loss', text: row => row.loss.toFixed(4), right: true },
        { title: 'agreement', text: row => shown(row.agreement, percent), right: true },
        { title: 'KL, T=1', text: row => shown(row.kl1, value => value.toFixed(4)), right: true },
        { title: 'KL, T=4', text: row => shown(row.kl4, value => value.toFixed(4)), right: true },
      ],
      rows,
    ).map(line => `  ${line}`),
    ...table<Distilled['classes'][number] & { readonly index: number }>(
      [
        { title: 'class', text: row => row.name },
        ...(
          [
            ['student', classes],
            ['without', twin.classes],
            ['teacher', teacher.classes],
          ] as const
        ).map(([title, of]) => ({
          title,
          text: ({ index }: { readonly index: number }) => share(of[index]),
          right: true,
        })),
      ],
      classes.map((row, index) => ({ ...row, index })),
    ).map(line => `  ${line}`),
    `${points} over the twin without a teacher; one seed says nothing about noise, run several`,
  ]
}

/** A twin that another run trained was not held against this teacher. */
const shown = (value: number | undefined, text: (value: number) => string) => (value === undefined ? '-' : text(value))

const share = (row: { readonly correct: number; readonly total: number } | undefined) =>
  row && row.total > 0 ? percent(row.correct / row.total) : '-'

type Probes = NonNullable<StageResultOf<'prune'>['probes']>

function probeLines({ total, before, tried }: Probes): string[] {
  const found = tried.findLast(({ accepted }) => accepted)
  const verdict = (probe: Probes['tried'][number]) =>
    probe === found ? 'taken' : probe.accepted ? 'loses no more' : 'loses too much'
  const lines = table<Probes['tried'][number]>(
    [
      { title: 'sparsity tried', text: probe => percent(probe.sparsity, 1), right: true },
      {
        title: 'validation',
        text: probe => (probe.correct === null ? '-' : percent(probe.correct / total)),
        right: true,
      },
      {
        title: '',
        text: probe => (probe.correct === null ? 'out of reach' : verdict(probe)),
      },
    ],
    tried,
  )
  const lost = found ? (before - found.correct!) / total : 0
  const end = found ? `: ${percent(found.sparsity, 1)} ${lost < 0 ? 'gains' : 'loses'} ${percent(Math.abs(lost))}` : ''
  return [
    ...lines.map(line => `  ${line}`),
    `before, ${percent(before / total)} of ${count(total)} on validation${end}`,
    'each that was tried is kept as a run of its own',
  ]
}

function additivityLines({ points, slope, rankCorrelation, warning }: Additivity): string[] {
  const numbers = `slope ${slope.toPrecision(3)}, rank correlation ${rankCorrelation.toFixed(3)}`
  const line = `${plural(points.length, 'allocation')} against the sums of their layers: ${numbers}`
  return warning ? [line, warning] : [line]
}

const featuresLine = ({ features, disabled, threshold }: Omit<FeatureCounts, 'layers'>) =>
  `${count(disabled)} of ${count(features)} features have a gamma below ${threshold} (${percent(disabled / features)})`

const zerosLine = ({ zeros, weights }: { zeros: number; weights: number }) =>
  `${count(zeros)} of ${count(weights)} weights are zero (${percent(zeros / weights)})`

function epochLines(epochs: readonly EpochRecord[], kept: number | undefined, stoppedEarly = false): string[] {
  if (epochs.length === 0) return []
  const lines = table<EpochRecord>(
    [
      { title: 'epoch', text: row => String(row.epoch), right: true },
      { title: 'loss', text: row => row.loss.toFixed(4), right: true },
      { title: 'train top-1', text: row => percent(row.trainTop1), right: true },
      { title: 'val top-1', text: row => (row.valTop1 === null ? '-' : percent(row.valTop1)), right: true },
      { title: 'sparsity', text: row => percent(row.sparsity), right: true },
      { title: 'rate', text: row => String(Number(row.learningRate.toPrecision(4))), right: true },
      { title: 'time', text: row => seconds(row.seconds), right: true },
    ],
    epochs,
  )
  const end = stoppedEarly ? ', stopped early' : ''
  return [...lines.map(line => `  ${line}`), `the weights after epoch ${kept} are kept${end}`]
}

export function linesOf<Use extends StageUse>({ use, result }: Extract<StageOutcome, { use: Use }>): string[] {
  return (lines[use as Use] as (result: unknown) => string[])(result)
}
