/** Rate-distortion curves as allocations read them. */
import type { BudgetKind, CurveKind, DistortionCurve } from '../../shared/distortion.ts'
import { floorShare } from './share.ts'

export interface DistortionRequest {
  /** One for each layer, in forward order. Measured on the model as it is: zeros that it has already changed nothing. */
  readonly curves: readonly DistortionCurve[]
  readonly curve: CurveKind
  /** Whether a curve is read as the largest value so far: the worst sample makes it fall here and there. */
  readonly monotone: boolean
  /** What sparsity is a share of. */
  readonly budget: BudgetKind
  /** By layer: weights it keeps at least, a whole number or below 1 a share of its own. */
  readonly floors?: Readonly<Record<string, number>>
  /** By layer: the share of its weights that is zero, whatever the solver would choose; 0 = as it is. */
  readonly locks?: Readonly<Record<string, number>>
}

/** Measured whatever is asked for, so that curves of different runs can be laid side by side. */
export const standardFractions = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99] as const

/** The fractions to measure: those asked for and the standard ones, ascending, each once. */
export const curveFractions = (asked: readonly number[]): number[] =>
  [...new Set([...standardFractions, ...asked])].sort((a, b) => a - b)

export const zeroedCounts = (fractions: readonly number[], weights: number): number[] =>
  fractions.map(fraction => floorShare(fraction, weights))

/** Each value or the largest before it, whichever is larger. */
export function runningMaximum(values: readonly number[]): number[] {
  let largest = Number.NEGATIVE_INFINITY
  return values.map(value => {
    largest = Math.max(largest, value)
    return largest
  })
}

/** Between the points around `count`, on a straight line; as at the nearest point where it lies outside. */
export function interpolate(counts: readonly number[], values: readonly number[], count: number): number {
  const after = counts.findIndex(at => at >= count)
  if (after < 0) return values.at(-1)!
  if (after === 0 || counts[after] === count) return values[after]!
  const [from, to] = [counts[after - 1]!, counts[after]!]
  const part = (count - from) / (to - from)
  return values[after - 1]! * (1 - part) + values[after]! * part
}
