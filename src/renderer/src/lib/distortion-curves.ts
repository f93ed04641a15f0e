/** Rate-distortion curves as they are read and drawn. */

import { type CsvValue, toCsv } from '../../../shared/csv.ts'
import type { CurveKind, DistortionCurve } from '../../../shared/distortion.ts'
import type { RunSummary } from '../../../shared/domain.ts'
import type { StageResultOf } from '../../../shared/stages.ts'

export interface MeasuredStage {
  readonly index: number
  readonly curves: readonly DistortionCurve[]
  readonly result: StageResultOf<'prune'>
}

/** The finished stages of a run that measured curves. */
export const measuredStages = (run: RunSummary): MeasuredStage[] =>
  run.stages.flatMap(({ index, outcome }) =>
    outcome?.use === 'prune' && outcome.result.curves?.length
      ? [{ index, curves: outcome.result.curves, result: outcome.result }]
      : [],
  )

/** A curve as a solver reads it: each value, or the largest so far. */
export function readCurve(curve: DistortionCurve, kind: CurveKind, monotone: boolean): readonly number[] {
  if (!monotone) return curve[kind]
  let largest = 0
  return curve[kind].map(value => {
    largest = Math.max(largest, value)
    return largest
  })
}

/** At a number of zeros, on a straight line between the measured points; the last one holds beyond it. */
export function distortionAt(curve: DistortionCurve, kind: CurveKind, monotone: boolean, zeros: number): number {
  const values = readCurve(curve, kind, monotone)
  const after = curve.zeroed.findIndex(count => count >= zeros)
  const before = curve.zeroed[after - 1]
  if (after < 0) return values.at(-1) ?? 0
  if (before === undefined) return values[after] ?? 0
  const part = (zeros - before) / ((curve.zeroed[after] ?? zeros) - before)
  return (values[after - 1] ?? 0) * (1 - part) + (values[after] ?? 0) * part
}

/** Where a share of pruned weights stands: evenly, or by the logarithm of what is kept, which spreads the high end. */
export const placeOfShare = (share: number, isSpread: boolean): number =>
  isSpread ? -Math.log10(Math.max(1e-5, 1 - share)) : share

/** The share that stands at a place. */
export const shareAtPlace = (place: number, isSpread: boolean): number => (isSpread ? 1 - 10 ** -place : place)

/** The lowest power of ten that a logarithmic axis needs for these values; at most six below the largest. */
export function logFloor(values: Iterable<number>): number {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (const value of values) {
    if (value > 0) least = Math.min(least, value)
    most = Math.max(most, value)
  }
  return most === 0 ? 1e-3 : 10 ** Math.floor(Math.log10(Math.max(least, most * 1e-6)))
}

export interface LayerGroup {
  readonly label: string
  /** Places of its layers, ascending. */
  readonly layers: readonly number[]
}

const mostGroups = 7

/**
 * Layers that share a colour: those of one part of the network, as their names have it. Where names say nothing of parts,
 * parts of the depth.
 */
export function layerGroups(names: readonly string[]): LayerGroup[] {
  const parts = new Map<string, number[]>()
  for (const [layer, name] of names.entries()) {
    const part = name.split('.')[0] ?? name
    parts.set(part, [...(parts.get(part) ?? []), layer])
  }
  const largest = Math.max(...[...parts.values()].map(layers => layers.length))
  if (parts.size <= mostGroups && largest <= Math.max(4, names.length * 0.6))
    return [...parts].map(([label, layers]) => ({ label, layers }))
  const size = Math.max(1, Math.ceil(names.length / 5))
  return Array.from({ length: Math.ceil(names.length / size) }, (_, band) => {
    const layers = names.map((_, layer) => layer).slice(band * size, (band + 1) * size)
    const [first = 0] = layers
    return { label: layers.length > 1 ? `layers ${first + 1}–${first + layers.length}` : `layer ${first + 1}`, layers }
  })
}

export interface Pointed {
  readonly layer: number
  /** Index among the points of its curve. */
  readonly point: number
}

/** The measured point nearest to a place in the picture; `tolerance` and the places are in its width and height. */
export function nearestPoint(
  lines: readonly (readonly (readonly [number, number])[])[],
  [x, y]: readonly [number, number],
  tolerance: number,
): Pointed | undefined {
  let found: Pointed | undefined
  let nearest = tolerance
  for (const [layer, line] of lines.entries())
    for (const [point, [px, py]] of line.entries()) {
      const distance = Math.hypot(px - x, py - y)
      if (distance < nearest) [found, nearest] = [{ layer, point }, distance]
    }
  return found
}

/** A row for each measured point. */
export function curvesCsv(curves: readonly DistortionCurve[], chosen: readonly number[] | undefined): string {
  const head: CsvValue[] = ['layer', 'weights', 'fraction', 'zeroed', 'mean', 'worst', 'zeros chosen']
  const body = curves.flatMap((curve, layer) =>
    curve.fractions.map((fraction, i): CsvValue[] => [
      ...[curve.name, curve.weights, fraction, curve.zeroed[i], curve.mean[i], curve.worst[i]],
      chosen?.[layer],
    ]),
  )
  return toCsv([head, ...body])
}
