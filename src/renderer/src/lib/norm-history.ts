/** Batch norm over time as it is drawn: shares of disabled features, and histograms on one scale. */
import type { NormSnapshot, NormStatistics } from '../../../shared/features.ts'

type Histogram = NormStatistics['gamma']

/** Of the stage that recorded last, in order of the steps. */
export function lastStage(snapshots: readonly NormSnapshot[]): NormSnapshot[] {
  const stage = Math.max(...snapshots.map(snapshot => snapshot.stage))
  return snapshots.filter(snapshot => snapshot.stage === stage).sort((a, b) => a.step - b.step)
}

export function disabledOf(layers: readonly Pick<NormStatistics, 'disabled' | 'features'>[]) {
  const features = layers.reduce((sum, layer) => sum + layer.features, 0)
  const disabled = layers.reduce((sum, layer) => sum + layer.disabled, 0)
  return { features, disabled, share: features > 0 ? disabled / features : 0 }
}

/** What the strongest colour of disabled shares stands for: few are told apart only on a scale of their own. */
export function scaleOf(snapshots: readonly NormSnapshot[]): number {
  const largest = Math.max(0, ...snapshots.flatMap(({ layers }) => layers.map(layer => disabledOf([layer]).share)))
  return [0.1, 0.25, 0.5].find(most => largest <= most) ?? 1
}

export interface Range {
  readonly low: number
  readonly high: number
}

/** Over all values of the histograms. */
export const rangeOf = (histograms: readonly Histogram[]): Range => ({
  low: Math.min(...histograms.map(histogram => histogram.low)),
  high: Math.max(...histograms.map(histogram => histogram.high)),
})

export interface Spread extends Range {
  /** By moment, then by bin from low to high: the share of the values of that moment. */
  readonly shares: readonly (readonly number[])[]
}

/** The histograms of one parameter on one scale, `bins` of it; what lies across an edge is divided evenly. */
export function spreadOf(histograms: readonly Histogram[], bins: number, range = rangeOf(histograms)): Spread {
  const { low, high } = range
  const width = (high - low) / bins
  const shares = histograms.map(histogram => {
    const into = new Array<number>(bins).fill(0)
    const total = histogram.counts.reduce((sum, count) => sum + count, 0)
    const own = (histogram.high - histogram.low) / histogram.counts.length
    for (const [i, count] of histogram.counts.entries()) {
      const from = histogram.low + i * own
      for (let bin = 0; bin < bins; bin++) {
        const part = overlap([from, from + own], [low + bin * width, low + (bin + 1) * width], bin === bins - 1)
        into[bin] = (into[bin] ?? 0) + (total > 0 ? (count / total) * part : 0)
      }
    }
    return into
  })
  return { low, high, shares }
}

/** Share of the first range that lies in the second; a range without width lies where it begins. */
function overlap([from, to]: [number, number], [low, high]: [number, number], isLast: boolean): number {
  if (to > from) return Math.max(0, Math.min(to, high) - Math.max(from, low)) / (to - from)
  return from >= low && (from < high || isLast) ? 1 : 0
}
