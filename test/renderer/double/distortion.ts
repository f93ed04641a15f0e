/** Curves as the double of the studio measures them, and allocations on them by the real solvers. */
import { createAllocationSolver } from '../../../src/core/pruning/allocation-solver.ts'
import { curveFractions, zeroedCounts } from '../../../src/core/pruning/curves.ts'
import { rankByMagnitude } from '../../../src/core/pruning/ranking.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { createRandom } from '../../../src/core/random.ts'
import { sparsityForFileSize, zerosForFileSize } from '../../../src/engine/pruning-target.ts'
import type { AllocationAnswer, AllocationQuestion } from '../../../src/shared/allocation.ts'
import type { DistortionCurve } from '../../../src/shared/distortion.ts'
import { EspalierError, toErrorData } from '../../../src/shared/errors.ts'
import type { StageOf, StageResultOf } from '../../../src/shared/stages.ts'

export interface Prunable {
  readonly name: string
  readonly weights: number
  readonly macs: number
}

/** Steep at the end, and each layer on a height of its own. */
export function curvesOf(layers: readonly Prunable[], asked: readonly number[]): DistortionCurve[] {
  const fractions = curveFractions(asked)
  return layers.map(({ name, weights }, i) => {
    const height = 0.02 * (1 + ((i * 7) % 5))
    const zeroed = zeroedCounts(fractions, weights)
    const mean = zeroed.map(count => height * (count / weights / (1.02 - count / weights)) ** 2)
    return { name, weights, fractions, zeroed, mean, worst: mean.map(value => value * 4) }
  })
}

export function distortionOutcome(
  stage: StageOf<'prune'>,
  layers: readonly Prunable[],
): Partial<StageResultOf<'prune'>> {
  const points = Array.from({ length: stage.additivity }, (_, i) => ({ sum: 1 + i, joint: 0.8 + 0.7 * i }))
  const warning = "At this sparsity the sum of the layers' distortions is no good guide: it ranks allocations badly."
  return {
    curves: curvesOf(layers, stage.fractions),
    ...(points.length > 0 && { additivity: { points, slope: 0.72, rankCorrelation: 0.41, warning } }),
  }
}

/** Answers for one measured stage; the weights are drawn. */
export function createDesk(stage: StageOf<'prune'>, curves: readonly DistortionCurve[], layers: readonly Prunable[]) {
  const random = createRandom(1)
  const solver = createAllocationSolver(
    {
      rankings: layers.map(({ name, weights }) =>
        rankByMagnitude(
          name,
          Float32Array.from({ length: weights }, () => 1 + random.uniform()),
        ),
      ),
      dims: layers.map(({ weights }) => [weights, 1]),
      macs: layers.map(({ macs }) => macs),
    },
    0,
  )
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const macs = sum(layers.map(layer => layer.macs))
  const weights = sum(layers.map(layer => layer.weights))

  const file = { most: 30_000 + 4 * weights, least: 30_000 }

  return ({ sparsity = 0, bytes, allocations, floors, locks, ...asked }: AllocationQuestion): AllocationAnswer => {
    const { budget = stage.budget, curve = stage.curve, monotone = stage.monotone } = asked
    const distortion = { curves, curve, monotone, budget, ...(floors && { floors }), ...(locks && { locks }) }
    const total = budget === 'macs' ? macs : weights
    return {
      layers: layers.map(layer => ({ ...layer, zeros: 0 })),
      asked: { budget, gone: bytes ? zerosForFileSize(file, bytes) : floorShare(sparsity, total), total },
      file,
      plans: allocations.map(allocation => {
        try {
          const solve = (share: number) => solver.solve({ allocation, sparsity: share, distortion })
          const share = bytes ? sparsityForFileSize(file, { bytes }, at => sum(solve(at).zeros)) : sparsity
          const solved = solve(share)
          const zeros = sum(solved.zeros)
          const plan = {
            ...{ zeros, sparsity: zeros / weights, macs: { total: macs, nonzero: solved.nonzeroMacs } },
            ...{ gone: solved.gone, distortion: sum(solved.distortion) },
            layers: solved.zeros.map((count, i) => ({ zeros: count, distortion: solved.distortion[i] ?? 0 })),
          }
          return { allocation, plan, error: null }
        } catch (thrown) {
          if (!(thrown instanceof EspalierError)) throw thrown
          return { allocation, plan: null, error: toErrorData(thrown) }
        }
      }),
    }
  }
}
