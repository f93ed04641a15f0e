/**
 * Allocations of one model for one target after the other, as a slider asks for them: what a solver makes that does not
 * depend on the target is made once. The plans are those that pruning would make.
 */
import type { BudgetKind, DistortionCurve } from '../../shared/distortion.ts'
import type { AllocationId } from '../../shared/methods.ts'
import type { Allocation } from './allocation.ts'
import { lampRanking } from './allocations/lamp.ts'
import { allocations } from './allocations.ts'
import { type DistortionRequest, interpolate, runningMaximum } from './curves.ts'
import { type PlanOptions, planZeros, type RankedLayers } from './plan.ts'
import { allocateBy, type LayerChoices, type RateSolver } from './rate-choices.ts'
import { createRateSolver } from './rate-table.ts'

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
  /** Throws as `planZeros`. */
  solve(options: PlanOptions & { readonly distortion: DistortionRequest }): SolvedPlan
}

export function createAllocationSolver(layers: RankedLayers): AllocationSolver {
  const { rankings, macs } = layers
  const weights = rankings.map(({ keys }) => keys.length)
  const rateSolver = rememberingLast(createRateSolver)
  let lampRankings: RankedLayers['rankings'] | undefined

  /** The same as the table has; LAMP sorts once, and the dynamic program keeps its table as long as it fits. */
  const members: Partial<Record<AllocationId, Allocation>> = {
    'rate-distortion': allocateBy(rateSolver),
    lamp(request) {
      lampRankings ??= rankings.map(lampRanking)
      return allocations.global({ ...request, rankings: lampRankings })
    },
  }

  return {
    solve(options) {
      const { distortion: request, allocation } = options
      const zeros = planZeros(layers, options, members[allocation])
      return {
        zeros,
        distortion: zeros.map((count, i) => distortionAt(request.curves[i]!, request, rankings[i]!.zeros, count)),
        gone: goneOf(request.budget, zeros, weights, macs),
        nonzeroMacs: sum(macs) - goneOf('macs', zeros, weights, macs),
      }
    },
  }
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

/** The solver of the last choices, for as long as they stay the same. */
function rememberingLast(create: (layers: readonly LayerChoices[]) => RateSolver) {
  let last: { readonly key: string; readonly solver: RateSolver } | undefined
  return (choices: readonly LayerChoices[]): RateSolver => {
    const key = JSON.stringify(choices)
    if (last?.key !== key) last = { key, solver: create(choices) }
    return last.solver
  }
}
