/**
 * The problem that rate-distortion allocations solve (arXiv 2308.10438; five-systems 3a): each layer has some numbers of
 * zeros to choose from, each with a distortion and a cost, which is what its kept weights take of the budget. Wanted is
 * one choice a layer: the smallest sum of distortions whose costs are within the budget. That distortions of layers add
 * up is an assumption (`additivity.ts` tests it).
 */
import type { DistortionCurve } from '../../shared/distortion.ts'
import { EspalierError } from '../../shared/errors.ts'
import { nearest } from '../../shared/nearest.ts'
import { count as countText, plural } from '../../shared/plural.ts'
import type { Allocation, AllocationRequest } from './allocation.ts'
import { type DistortionRequest, interpolate, runningMaximum } from './curves.ts'
import { minimumWeights, spareWeights } from './minimum-keep.ts'
import { floorShare } from './share.ts'

export interface LayerChoices {
  readonly name: string
  readonly weights: number
  /** What one kept weight takes of the budget: 1, or its MACs. */
  readonly costPerWeight: number
  /** Ascending; parallel to `distortion`. One entry = nothing to choose. */
  readonly zeros: readonly number[]
  readonly distortion: readonly number[]
}

export interface RatePlan {
  /** Index of each layer's choice. */
  readonly picks: readonly number[]
  readonly cost: number
  readonly distortion: number
}

export interface RateSolver {
  /** `budget` in the unit of `costPerWeight`. Throws `prune.infeasible`. */
  readonly solve: (budget: number) => RatePlan
}

/** What is known of a layer beside its curve. */
export interface RateLayer {
  readonly name: string
  readonly weights: number
  /** What is zero already and stays so. */
  readonly zeros: number
  /** Of the dense layer. */
  readonly macs: number
}

export const costOf = ({ weights, costPerWeight }: LayerChoices, zeros: number): number =>
  (weights - zeros) * costPerWeight

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

export function planOf(layers: readonly LayerChoices[], picks: readonly number[]): RatePlan {
  return {
    picks,
    cost: sum(layers.map((layer, i) => costOf(layer, layer.zeros[picks[i]!]!))),
    distortion: sum(layers.map((layer, i) => layer.distortion[picks[i]!]!)),
  }
}

/** The plan with the most zeros. */
export const cheapestPlan = (layers: readonly LayerChoices[]): RatePlan =>
  planOf(
    layers,
    layers.map(({ zeros }) => zeros.length - 1),
  )

/** What the network costs when `sparsity` of its dense cost is gone. */
export function budgetOf(layers: readonly LayerChoices[], sparsity: number): number {
  const dense = Math.round(sum(layers.map(layer => costOf(layer, 0))))
  return dense - floorShare(sparsity, dense)
}

/**
 * The choices of each layer: what it is now, the measured points above that, and where the minimum ends them. Curves are
 * in the order of `layers`. Throws `prune.infeasible` and `argument.invalid` for floors and locks that cannot be kept.
 */
export function layerChoices(
  layers: readonly RateLayer[],
  request: DistortionRequest,
  minimumKeep: number,
): LayerChoices[] {
  const { curves, budget, floors = {}, locks = {} } = request
  for (const name of [...Object.keys(floors), ...Object.keys(locks)])
    if (!layers.some(layer => layer.name === name)) throw unknownLayer(name, layers)
  return layers.map((layer, i) => {
    const { name, weights, macs } = layer
    const curve = curves[i]
    if (curve?.name !== name || curve.weights !== weights) throw new Error(`there is no curve of "${name}"`)
    const costPerWeight = budget === 'macs' ? macs / weights : 1
    const choices = { name, weights, costPerWeight }
    const lock = locks[name]
    if (lock !== undefined) return { ...choices, ...locked(layer, curve, request, lock) }
    return { ...choices, ...open(layer, curve, request, Math.max(minimumKeep, floorOf(layer, floors[name] ?? 0))) }
  })
}

type Choices = Pick<LayerChoices, 'zeros' | 'distortion'>

/** The curve's points by number of zeros, each once, with 0 for what the layer has already. */
function pointsOf({ zeros }: RateLayer, curve: DistortionCurve, { curve: kind, monotone }: DistortionRequest): Choices {
  const measured = monotone ? runningMaximum(curve[kind]) : curve[kind]
  const above = curve.zeroed.flatMap((count, i) => (count > Math.max(zeros, curve.zeroed[i - 1] ?? -1) ? [i] : []))
  return {
    zeros: [zeros, ...above.map(i => curve.zeroed[i]!)],
    distortion: [0, ...above.map(i => measured[i]!)],
  }
}

function open(layer: RateLayer, curve: DistortionCurve, request: DistortionRequest, minimum: number): Choices {
  const points = pointsOf(layer, curve, request)
  const spare = Math.max(layer.zeros, spareWeights(layer.weights, minimum))
  const within = points.zeros.filter(count => count <= spare).length
  const zeros = points.zeros.slice(0, within)
  const distortion = points.distortion.slice(0, within)
  // The minimum itself, where it lies between two points.
  if (within < points.zeros.length && zeros.at(-1)! < spare) {
    zeros.push(spare)
    distortion.push(interpolate(points.zeros, points.distortion, spare))
  }
  return { zeros, distortion }
}

function locked(layer: RateLayer, curve: DistortionCurve, request: DistortionRequest, share: number): Choices {
  const count = share === 0 ? layer.zeros : floorShare(share, layer.weights)
  if (count < layer.zeros)
    throw new EspalierError({
      code: 'prune.infeasible',
      message: `"${layer.name}" is to have ${plural(count, 'zero')} and already has ${countText(layer.zeros)} of ${plural(layer.weights, 'weight')}.`,
      rule: 'A pruned weight never grows back.',
      hint: `Fix the layer at ${(Math.ceil((layer.zeros / layer.weights) * 1e4) / 1e4).toString()} or more.`,
    })
  const points = pointsOf(layer, curve, request)
  return { zeros: [count], distortion: [interpolate(points.zeros, points.distortion, count)] }
}

function floorOf({ name, weights }: RateLayer, floor: number): number {
  if (floor <= weights) return minimumWeights(floor, weights)
  throw new EspalierError({
    code: 'prune.infeasible',
    message: `"${name}" is to keep ${plural(floor, 'weight')} and has ${countText(weights)}.`,
    rule: 'A floor is at most the size of its layer.',
  })
}

function unknownLayer(name: string, layers: readonly RateLayer[]): EspalierError {
  const near = nearest(
    name,
    layers.map(layer => layer.name),
  )
  return new EspalierError({
    code: 'argument.invalid',
    message: `There is no prunable layer "${name}".`,
    rule: 'Floors and locks name prunable layers.',
    ...(near && { hint: `Did you mean "${near}"?` }),
  })
}

/** Throws `prune.infeasible` where even the most zeros that may be chosen cost more. */
export function requireBudget(layers: readonly LayerChoices[], budget: number): void {
  const { cost: least } = cheapestPlan(layers)
  if (least <= budget) return
  const dense = sum(layers.map(layer => costOf(layer, 0)))
  const highest = Math.floor((1 - least / dense) * 1e4) / 1e4
  const unit = layers.every(({ costPerWeight }) => costPerWeight === 1) ? 'weights' : 'MACs'
  throw new EspalierError({
    code: 'prune.infeasible',
    message: `A budget of ${budget} of ${dense} ${unit} cannot be met: the smallest that can is ${least}.`,
    rule: 'Layers keep what floors, locks and the largest measured fraction leave them.',
    hint: `The highest sparsity is ${highest}; or measure larger fractions, or loosen a floor or a lock.`,
  })
}

/**
 * Zeros of the plan, less what its choices leave of the budget: that is given back weight by weight, first where the
 * line to the next choice says that it saves most. So the cost is within one weight of the budget, whatever the grid.
 */
export function spendRest(layers: readonly LayerChoices[], { picks, cost }: RatePlan, budget: number): number[] {
  const at = [...picks]
  const zeros = layers.map((layer, i) => layer.zeros[at[i]!]!)
  let rest = budget - cost
  for (;;) {
    let best = -1
    let steepest = Number.NEGATIVE_INFINITY
    for (const [i, layer] of layers.entries()) {
      const pick = at[i]!
      if (pick === 0 || layer.costPerWeight > rest) continue
      const saved = layer.distortion[pick]! - layer.distortion[pick - 1]!
      const slope = saved / ((layer.zeros[pick]! - layer.zeros[pick - 1]!) * layer.costPerWeight)
      if (slope > steepest) [best, steepest] = [i, slope]
    }
    if (best < 0) return zeros
    const { costPerWeight, zeros: counts } = layers[best]!
    const gap = zeros[best]! - counts[at[best]! - 1]!
    const restored = Math.min(gap, Math.floor(rest / costPerWeight))
    zeros[best]! -= restored
    rest -= restored * costPerWeight
    if (restored === gap) at[best]!--
  }
}

/** The allocation that a solver makes. */
export function allocateBy(createSolver: (layers: readonly LayerChoices[]) => RateSolver): Allocation {
  return request => {
    const layers = choicesFor(request)
    const budget = budgetOf(layers, request.sparsity)
    return spendRest(layers, createSolver(layers).solve(budget), budget)
  }
}

function choicesFor({ rankings, macs, distortion, minimumKeep }: AllocationRequest): LayerChoices[] {
  if (!distortion) throw new Error('this allocation needs rate-distortion curves')
  const layers = rankings.map(({ layer, keys, zeros }, i) => ({
    name: layer,
    weights: keys.length,
    zeros,
    macs: macs[i]!,
  }))
  return layerChoices(layers, distortion, minimumKeep)
}
