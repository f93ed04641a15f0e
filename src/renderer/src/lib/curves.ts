/**
 * Metrics of a run as curves over one axis. Stages that train follow each other on it: steps, epochs and time of a later
 * one begin where those of the one before ended.
 */
import type { LayerSnapshot, MetricPoint } from '../../../shared/domain.ts'
import { downsample } from '../../../shared/downsample.ts'
import { smooth } from './smoothing.ts'

export const axes = ['step', 'epoch', 'time', 'sparsity'] as const
export type Axis = (typeof axes)[number]

/** Points of one metric in one stage, in the order of their steps. */
export interface Series {
  readonly steps: number[]
  readonly values: number[]
}

export interface TrainedStage {
  readonly index: number
  readonly series: ReadonlyMap<string, Series>
  readonly lastStep: number
}

export function stagesWithMetrics(metrics: readonly MetricPoint[]): TrainedStage[] {
  const stages = new Map<number, { readonly series: Map<string, Series>; lastStep: number }>()
  for (const { stage, name, step, value } of metrics) {
    const found = stages.get(stage) ?? { series: new Map<string, Series>(), lastStep: 0 }
    const series = found.series.get(name) ?? { steps: [], values: [] }
    series.steps.push(step)
    series.values.push(value)
    found.series.set(name, series)
    found.lastStep = Math.max(found.lastStep, step)
    stages.set(stage, found)
  }
  return [...stages].sort(([a], [b]) => a - b).map(([index, stage]) => ({ index, ...stage }))
}

/** Where a step of a stage stands on the axis; null where that is not known yet. */
type Place = (step: number) => number | null

export interface PlacedStage extends TrainedStage {
  readonly place: Place
  /** Where it begins on the axis; null on one that does not follow time. */
  readonly from: number | null
}

export function placeStages(
  stages: readonly TrainedStage[],
  axis: Axis,
  layers: readonly LayerSnapshot[],
): PlacedStage[] {
  if (axis === 'sparsity') {
    const shares = sharesOf(layers)
    return stages.map(stage => ({ ...stage, place: step => shareAt(shares, stage.index, step), from: null }))
  }
  let end = 0
  return stages.map(stage => {
    const inside = axis === 'step' ? (step: number) => step : alongMarks(stage.series.get(markOf[axis]))
    const from = end
    const place = (step: number) => {
      const at = inside(step)
      return at === null ? null : from + at
    }
    end = place(stage.lastStep) ?? end
    return { ...stage, place, from }
  })
}

const markOf = { epoch: 'epoch', time: 'seconds' } as const

/** From the first step to the last, over all stages. */
export function axisRange(stages: readonly PlacedStage[], axis: Axis): [number, number] {
  const ends = stages.flatMap(({ place, lastStep }) => [place(0), place(lastStep)].filter(x => x !== null))
  const low = axis === 'sparsity' ? Math.min(...ends) : 0
  return [Number.isFinite(low) ? low : 0, Math.max(...ends, low, Number.MIN_VALUE)]
}

/** Which axes say something: an epoch is known when the first has ended, sparsity is an axis when it changes. */
export function usableAxes(stages: readonly TrainedStage[], layers: readonly LayerSnapshot[]): Axis[] {
  const isEverywhere = (name: string) => stages.every(stage => stage.series.has(name))
  return axes.filter(axis => {
    if (axis === 'step') return true
    if (axis !== 'sparsity') return isEverywhere(markOf[axis])
    const shares = sharesOf(layers)
    return stages.some(stage => {
      const inStage = shares.filter(share => share.stage === stage.index && share.step < stage.lastStep)
      return new Set(inStage.map(({ share }) => share)).size > 1
    })
  })
}

/** Straight lines from mark to mark, from nought at step 0; beyond the last as steep as before it. */
function alongMarks(marks: Series | undefined): Place {
  if (!marks || marks.steps.length === 0) return () => null
  const steps = [0, ...marks.steps]
  const values = [0, ...marks.values]
  return step => {
    const to = Math.max(
      1,
      Math.min(
        steps.length - 1,
        firstNot(steps, mark => mark < step),
      ),
    )
    const [x0 = 0, x1 = 1, y0 = 0, y1 = 0] = [steps[to - 1], steps[to], values[to - 1], values[to]]
    return x1 === x0 ? y1 : y0 + ((y1 - y0) * (step - x0)) / (x1 - x0)
  }
}

interface ShareOfZeros {
  readonly stage: number
  readonly step: number
  readonly share: number
}

function sharesOf(layers: readonly LayerSnapshot[]): ShareOfZeros[] {
  return [...layers]
    .sort((a, b) => a.stage - b.stage || a.step - b.step)
    .map(({ stage, step, layers: counts }) => {
      const weights = counts.reduce((sum, layer) => sum + layer.weights, 0)
      const zeros = counts.reduce((sum, layer) => sum + layer.zeros, 0)
      return { stage, step, share: weights > 0 ? zeros / weights : 0 }
    })
}

/** A snapshot at a step is of the weights with which the next step is taken. */
function shareAt(shares: readonly ShareOfZeros[], stage: number, step: number): number | null {
  const after = firstNot(shares, share => share.stage < stage || (share.stage === stage && share.step < step))
  return shares[after - 1]?.share ?? null
}

/** Position of the first item that is not `before`; all that are stand in front of those that are not. */
function firstNot<T>(items: readonly T[], before: (item: T) => boolean): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (before(items[middle] as T)) low = middle + 1
    else high = middle
  }
  return low
}

export interface CurvePoint {
  readonly x: number
  readonly value: number
  readonly smoothed: number
  readonly step: number
}

export interface CurveOptions {
  /** Of the moving average. */
  readonly weight?: number
  /** A value counts until the next one: the last goes on to where the stage is. */
  readonly holds?: boolean
}

/** One metric over the axis: a piece a stage. Points that have no place yet are left out. */
export function curveOf(
  stages: readonly PlacedStage[],
  metric: string,
  { weight = 0, holds = false }: CurveOptions = {},
): CurvePoint[][] {
  return stages.flatMap(({ series, place, lastStep }) => {
    const found = series.get(metric)
    if (!found) return []
    const smoothed = smooth(found.values, weight)
    const points = found.steps.flatMap((step, i): CurvePoint[] => {
      const x = place(step)
      const value = found.values[i] ?? Number.NaN
      return x === null ? [] : [{ x, value, smoothed: smoothed[i] ?? value, step }]
    })
    const last = points.at(-1)
    const end = place(lastStep)
    if (holds && last && end !== null && last.step < lastStep) points.push({ ...last, x: end, step: lastStep })
    return points.length > 0 ? [points] : []
  })
}

/** Each line on top of those before it: the heights of their sums. Lines have the same steps. */
export function stacked(lines: readonly (readonly (readonly CurvePoint[])[])[]): CurvePoint[][][] {
  let below: readonly (readonly CurvePoint[])[] = []
  return lines.map(pieces => {
    const sums = pieces.map((piece, p) =>
      piece.map((point, i) => {
        const under = below[p]?.[i]
        return { ...point, value: point.value + (under?.value ?? 0), smoothed: point.smoothed + (under?.smoothed ?? 0) }
      }),
    )
    below = sums
    return sums
  })
}

/** As many points as a line is drawn with. */
export const drawnLimit = 2000

export type DrawnPoint = readonly [x: number, y: number | null]

/**
 * The pieces as one line with gaps between them, at most `limit` points that keep the smallest and the largest. Values
 * that cannot be drawn (not finite; not positive where `isLog`) are gaps.
 */
export function drawnLine(
  pieces: readonly (readonly CurvePoint[])[],
  kind: 'value' | 'smoothed',
  { isLog = false, limit = drawnLimit } = {},
): { points: DrawnPoint[]; isThinned: boolean } {
  const each = Math.max(4, Math.floor(limit / Math.max(1, pieces.length)))
  let isThinned = false
  const points = pieces.flatMap((piece, at): DrawnPoint[] => {
    const values = piece.map(point => (Number.isFinite(point[kind]) ? point[kind] : Number.NaN))
    const kept = downsample(values, each)
    isThinned ||= kept.isThinned
    const drawn = kept.indices.map((i): DrawnPoint => {
      const value = values[i] ?? Number.NaN
      return [piece[i]?.x ?? 0, Number.isNaN(value) || (isLog && value <= 0) ? null : value]
    })
    return at === 0 ? drawn : [[drawn[0]?.[0] ?? 0, null], ...drawn]
  })
  return { points, isThinned }
}

/** The point nearest to `x`; of several at the same place the last. */
export function nearestPoint(pieces: readonly (readonly CurvePoint[])[], x: number): CurvePoint | undefined {
  let best: CurvePoint | undefined
  for (const piece of pieces) {
    const at = firstNot(piece, point => point.x < x)
    for (const point of [piece[at - 1], piece[at]]) {
      if (point && (!best || Math.abs(point.x - x) <= Math.abs(best.x - x))) best = point
    }
  }
  return best
}

export interface CurveRow {
  readonly stage: number
  readonly step: number
  readonly x: number | null
  readonly values: readonly (number | undefined)[]
}

/** The numbers behind a chart, a row a step. */
export function curveRows(stages: readonly PlacedStage[], metrics: readonly string[]): CurveRow[] {
  return stages.flatMap(({ index, series, place }) => {
    const rows = new Map<number, (number | undefined)[]>()
    for (const [column, metric] of metrics.entries()) {
      const found = series.get(metric)
      for (const [i, step] of (found?.steps ?? []).entries()) {
        const values = rows.get(step) ?? metrics.map(() => undefined)
        values[column] = found?.values[i]
        rows.set(step, values)
      }
    }
    return [...rows].sort(([a], [b]) => a - b).map(([step, values]) => ({ stage: index, step, x: place(step), values }))
  })
}

export interface EpochRow {
  readonly stage: number
  readonly epoch: number
  readonly loss: number | undefined
  readonly trainTop1: number | undefined
  readonly valTop1: number | undefined
  readonly valLoss: number | undefined
  readonly learningRate: number | undefined
  readonly sparsity: number | null
}

/** What each epoch came to, as far as it has come. */
export function epochRows(stages: readonly TrainedStage[], layers: readonly LayerSnapshot[]): EpochRow[] {
  const shares = sharesOf(layers)
  return stages.flatMap(({ index, series }) => {
    const epochs = series.get('epoch')
    const at = (name: string, step: number) => {
      const found = series.get(name)
      return found?.values[found.steps.lastIndexOf(step)]
    }
    const lastBefore = (name: string, step: number) => {
      const found = series.get(name)
      return found?.values[firstNot(found.steps, other => other <= step) - 1]
    }
    return (epochs?.steps ?? []).map((step, i) => ({
      stage: index,
      epoch: epochs?.values[i] ?? i + 1,
      loss: at('trainLoss', step),
      trainTop1: at('trainTop1', step),
      valTop1: at('valTop1', step),
      valLoss: at('valLoss', step),
      learningRate: lastBefore('learningRate', step),
      sparsity: shareAt(shares, index, step),
    }))
  })
}
