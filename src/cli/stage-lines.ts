/** What a finished stage says to a person: one function a stage. */
import type { StageOutcome, StageResultOf, StageUse } from '../shared/stages.ts'
import type { EpochRecord } from '../shared/training.ts'
import { count, percent, seconds, table } from './format.ts'

type Additivity = NonNullable<StageResultOf<'prune'>['additivity']>

const lines: { readonly [Use in StageUse]: (result: StageResultOf<Use>) => string[] } = {
  evaluate: ({ split, correct, total, top1, top5, loss, zeros, weights }) => [
    `${split}: ${count(correct)} of ${count(total)} right, top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toFixed(4)}`,
    zerosLine({ zeros, weights }),
  ],
  prune: ({ zeros, weights, layers, macs, additivity, epochs = [], kept, stoppedEarly }) => [
    ...epochLines(epochs, kept, stoppedEarly),
    zerosLine({ zeros, weights }),
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
  ],
  recalibrate: ({ batches, samples, shift }) => [
    `statistics of ${count(batches)} batches, ${count(samples)} samples; means moved by ${shift.toPrecision(3)} standard deviations`,
  ],
  train: ({ trainableParams, epochs, kept, stoppedEarly, zeros, weights }) => [
    trainableParams === 0
      ? 'nothing trained; running statistics moved'
      : `${count(trainableParams)} parameters trained`,
    ...epochLines(epochs, kept, stoppedEarly),
    zerosLine({ zeros, weights }),
  ],
}

function additivityLines({ points, slope, rankCorrelation, warning }: Additivity): string[] {
  const numbers = `slope ${slope.toPrecision(3)}, rank correlation ${rankCorrelation.toFixed(3)}`
  const line = `${points.length} allocations against the sums of their layers: ${numbers}`
  return warning ? [line, warning] : [line]
}

const zerosLine = ({ zeros, weights }: { zeros: number; weights: number }) =>
  `${count(zeros)} of ${count(weights)} weights are zero (${percent(zeros / weights)})`

function epochLines(epochs: readonly EpochRecord[], kept: number | undefined, stoppedEarly = false): string[] {
  if (epochs.length === 0) return []
  const lines = table<EpochRecord>(
    [
      { title: 'epoch', text: row => String(row.epoch), right: true },
      { title: 'loss', text: row => row.loss.toFixed(4), right: true },
      { title: 'training', text: row => percent(row.trainTop1), right: true },
      { title: 'validation', text: row => (row.valTop1 === null ? '-' : percent(row.valTop1)), right: true },
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
