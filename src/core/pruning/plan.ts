/** How many weights of each layer go, checked against what may go: everything of pruning but the masks. */
import { EspalierError } from '../../shared/errors.ts'
import type { AllocationId } from '../../shared/methods.ts'
import type { Dims } from '../graph/dims.ts'
import { type Allocation, totalWeights } from './allocation.ts'
import { allocations } from './allocations.ts'
import type { DistortionRequest } from './curves.ts'
import { minimumWeights, requireFeasible, spareWeights } from './minimum-keep.ts'
import type { Ranking } from './ranking.ts'
import { floorShare } from './share.ts'

/** The prunable layers of a model, in forward order. Lists are parallel. */
export interface RankedLayers {
  readonly rankings: readonly Ranking[]
  /** Dims of their kernels, in ONNX layout. */
  readonly dims: readonly Dims[]
  /** MACs of the layers, dense. */
  readonly macs: readonly number[]
}

export interface PlanOptions {
  readonly allocation: AllocationId
  /** Share of all prunable weights that are zero afterwards, in [0, 1). Absolute: what is pruned already counts. */
  readonly sparsity: number
  /** Weights that every layer keeps: a whole number, or below 1 a share of all prunable weights; 0 (default) = no minimum. */
  readonly minimumKeep?: number
  /** For allocations that draw; the same seed gives the same plan again. */
  readonly seed?: number
  /** Rate-distortion curves of this model, for allocations that need them. */
  readonly distortion?: DistortionRequest
}

/**
 * Zeros for each layer. `member` is the allocation itself, where the caller has one that remembers what it made before.
 * Throws `prune.infeasible` where the target cannot be met, and `argument.invalid` for floors and locks of no layer.
 */
export function planZeros(
  { rankings, dims, macs }: RankedLayers,
  options: PlanOptions,
  member: Allocation = allocations[options.allocation],
): readonly number[] {
  const { sparsity, seed = 0, distortion } = options
  if (!(sparsity >= 0 && sparsity < 1))
    throw infeasible(`A sparsity of ${sparsity} cannot be reached.`, 'Sparsity is a share: 0 <= sparsity < 1.')
  const minimumKeep = minimumWeights(options.minimumKeep ?? 0, totalWeights(rankings))
  for (const ranking of rankings) checkKept(ranking, minimumKeep)
  // A share of MACs says nothing of weights: there only the solver knows what can be met.
  if (distortion?.budget !== 'macs') {
    requireFeasible(
      rankings.map(({ keys }) => keys.length),
      sparsity,
      minimumKeep,
    )
    requireSparser(
      rankings.reduce((sum, { zeros }) => sum + zeros, 0),
      totalWeights(rankings),
      sparsity,
    )
  }
  const plan = member({ rankings, dims, macs, sparsity, minimumKeep, seed, ...(distortion && { distortion }) })
  for (const [i, ranking] of rankings.entries()) checkFeasible(ranking, plan[i]!, minimumKeep)
  return plan
}

const infeasible = (message: string, rule: string, hint?: string) =>
  new EspalierError({ code: 'prune.infeasible', message, rule, ...(hint && { hint }) })

/** Throws `prune.infeasible` where more of the `total` weights are zero than the sparsity asks for. */
export function requireSparser(zeros: number, total: number, sparsity: number): void {
  const wanted = floorShare(sparsity, total)
  if (zeros > wanted)
    throw infeasible(
      `${zeros} of ${total} weights are zero already, a sparsity of ${sparsity} would be ${wanted}.`,
      'Sparsity is absolute, and a pruned weight never grows back.',
      'Ask for a higher sparsity.',
    )
}

function checkKept({ layer, keys, zeros }: Ranking, minimum: number): void {
  if (zeros > spareWeights(keys.length, minimum))
    throw infeasible(
      `"${layer}" has ${keys.length - zeros} of ${keys.length} weights left, the minimum is ${minimum}.`,
      'Every layer keeps the minimum, a smaller layer keeps all, and a pruned weight never grows back.',
      'Lower the minimum.',
    )
}

function checkFeasible({ layer, keys, zeros }: Ranking, planned: number, minimum: number): void {
  if (zeros > planned)
    throw infeasible(
      `"${layer}" already has ${zeros} zeros of ${keys.length} weights, the target leaves it only ${planned}.`,
      'Sparsity is absolute, and a pruned weight never grows back.',
      'Ask for a higher sparsity.',
    )
  if (planned > spareWeights(keys.length, minimum))
    throw infeasible(
      `"${layer}" would keep ${keys.length - planned} of ${keys.length} weights, the minimum is ${minimum}.`,
      'Every layer keeps the minimum, and a smaller layer keeps all.',
      'The allocation global takes the difference from other layers.',
    )
}
