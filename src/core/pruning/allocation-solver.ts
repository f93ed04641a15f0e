/**
 * Allocations of one model for one target after the other, as a slider asks for them: what a solver makes that does not
 * depend on the target is made once. The plans are those that pruning would make, or ones that are equally good.
 */
import type { BudgetKind, DistortionCurve } from '../../shared/distortion.ts'
import type { AllocationId } from '../../shared/methods.ts'
import type { Allocation } from './allocation.ts'
import { lampRanking } from './allocations/lamp.ts'
import { drawLots } from './allocations/random.ts'
import { allocations } from './allocations.ts'
import { type DistortionRequest, interpolate, runningMaximum } from './curves.ts'
import { type PlanOptions, planZeros, type RankedLayers } from './plan.ts'
import type { Ranking } from './ranking.ts'

export interface SolvedPlan {
  /** By layer, in forward order. */
  readonly zeros: readonly number[]
  /** Where that lies on the layer's curve, on a straight line between its points. */
  readonly distortion: readonly number[]
  /** Of the budget's kind. */
  readonly gone: number
  /** Of one sample, with a weight that is not zero. */
  readonly nonzeroMacs: number
}

export interface AllocationSolver {
  /** What the first `solve` of an allocation would have to make first, bit by bit: seconds for large networks. */
  prepare(allocation: AllocationId): Generator<void>
  /** Throws as `planZeros`. */
  solve(options: Omit<PlanOptions, 'seed'> & { readonly distortion: DistortionRequest }): SolvedPlan
}

/** `seed` is for allocations that draw. */
export function createAllocationSolver(layers: RankedLayers, seed: number): AllocationSolver {
  const { rankings, macs } = layers
  const weights = rankings.map(({ keys }) => keys.length)
  /** Those that take the lowest of another order than the score's, and that order, as far as it is made. */
  const orders: Partial<Record<AllocationId, Order>> = {
    lamp: { of: lampRanking, made: [] },
    random: { of: ranking => drawLots(ranking, seed), made: [] },
  }

  function memberOf(allocation: AllocationId): Allocation {
    const order = orders[allocation]
    if (!order) return allocations[allocation]
    return request => allocations.global({ ...request, rankings: order.made })
  }

  function* prepare(allocation: AllocationId): Generator<void> {
    const order = orders[allocation]
    for (const ranking of rankings.slice(order?.made.length ?? rankings.length)) {
      order!.made.push(order!.of(ranking))
      yield
    }
  }

  return {
    prepare,
    solve(options) {
      const { distortion: request, allocation } = options
      for (const _ of prepare(allocation));
      const zeros = planZeros(layers, { ...options, seed }, memberOf(allocation))
      return {
        zeros,
        distortion: zeros.map((count, i) => distortionAt(request.curves[i]!, request, rankings[i]!.zeros, count)),
        gone: goneOf(request.budget, zeros, weights, macs),
        nonzeroMacs: sum(macs) - goneOf('macs', zeros, weights, macs),
      }
    },
  }
}

interface Order {
  readonly of: (ranking: Ranking) => Ranking
  /** Of the first layers. */
  readonly made: Ranking[]
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function goneOf(budget: BudgetKind, zeros: readonly number[], weights: readonly number[], macs: readonly number[]) {
  return sum(zeros.map((count, i) => (budget === 'macs' ? (macs[i]! / weights[i]!) * count : count)))
}

/** Of `count` zeros. What is zero already changes nothing. */
function distortionAt(
  { zeroed, ...curve }: DistortionCurve,
  { curve: kind, monotone }: DistortionRequest,
  already: number,
  count: number,
): number {
  if (count <= already) return 0
  return interpolate(zeroed, monotone ? runningMaximum(curve[kind]) : curve[kind], count)
}
