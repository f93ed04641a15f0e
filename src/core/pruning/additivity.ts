/**
 * Whether distortions of single layers add up, as rate-distortion allocations assume: the distortion of whole allocations
 * is measured and held against the sum of their layers'. It is a first-order statement, so it has to fail somewhere
 * (five-systems 3f); what an allocation needs of it is that the sum ranks allocations of one budget rightly.
 */
import type { Random } from '../random.ts'
import { createLagrangian } from './lagrangian.ts'
import type { LayerChoices, RatePlan } from './rate-choices.ts'

export interface AdditivityPoint {
  /** Of the distortions of the layers, each pruned alone. */
  readonly sum: number
  /** Of all of them pruned together. */
  readonly joint: number
}

export interface Additivity {
  readonly points: readonly AdditivityPoint[]
  /** Least squares through the origin, joint = slope x sum: 1 where distortions add up. */
  readonly slope: number
  /** Spearman's, in [-1, 1]: 1 where the sum ranks as the joint distortion does. 0 where all are equal. */
  readonly rankCorrelation: number
  /** Said where the sum is no good guide. */
  readonly warning?: string
}

/** Below this rank correlation the choice among allocations is mostly another one than it should be. */
const leastRankCorrelation = 0.7
/** Beyond this factor the sum says little of the size of the distortion. */
const mostFactor = 3

export function additivity(points: readonly AdditivityPoint[]): Additivity {
  const squares = points.reduce((total, { sum }) => total + sum ** 2, 0)
  const slope = squares === 0 ? 0 : points.reduce((total, { sum, joint }) => total + sum * joint, 0) / squares
  const rankCorrelation = correlation(ranks(points.map(({ sum }) => sum)), ranks(points.map(({ joint }) => joint)))
  const faults: string[] = []
  if (rankCorrelation < leastRankCorrelation)
    faults.push(`it ranks allocations badly (rank correlation ${rankCorrelation.toFixed(2)})`)
  if (slope > mostFactor || slope < 1 / mostFactor)
    faults.push(`their true distortion is ${slope.toPrecision(2)} times as large`)
  if (faults.length === 0) return { points, slope, rankCorrelation }
  const warning = `At this sparsity the sum of the layers' distortions is no good guide: ${faults.join(', and ')}.`
  return { points, slope, rankCorrelation, warning }
}

/**
 * Allocations that could have been chosen for this budget: the Lagrangian's, after each layer's curve is multiplied by a
 * random factor (log-normal, sigma 1.5), so that layers trade weights as another network of the same kind would.
 */
export function samplePlans(
  layers: readonly LayerChoices[],
  budget: number,
  count: number,
  random: Random,
): RatePlan['picks'][] {
  return Array.from({ length: count }, () => {
    const factors = layers.map(() => Math.exp(1.5 * random.normal()))
    const varied = layers.map((layer, i) => ({ ...layer, distortion: layer.distortion.map(d => d * factors[i]!) }))
    return createLagrangian(varied).solve(budget).picks
  })
}

/** 1 for the smallest; equal values share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  return values.map(value => {
    const below = values.filter(other => other < value).length
    const equal = values.filter(other => other === value).length
    return below + (equal + 1) / 2
  })
}

/** Pearson's. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (a.length + 1) / 2
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + (value - mean) * (y[i]! - mean), 0)
  const scale = Math.sqrt(product(a, a) * product(b, b))
  return scale === 0 ? 0 : product(a, b) / scale
}
