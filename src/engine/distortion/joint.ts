/** The distortion of whole allocations: all layers pruned together, one whole forward pass each. */

import { prunableLayers } from '../../core/graph/cost.ts'
import type { Model } from '../../core/graph/model.ts'
import type { Ranking } from '../../core/pruning/ranking.ts'
import type { CurveKind } from '../../shared/distortion.ts'
import type { CompiledModel } from '../compile/compiled-model.ts'
import type { CalibrationBatch } from './calibration.ts'
import { distortion, requireFinite, zeroLowest } from './measure.ts'

export interface JointOptions {
  readonly compiled: CompiledModel
  /** The model that `compiled` holds. */
  readonly model: Model
  readonly rankings: readonly Ranking[]
  /** Zeros of each layer, by allocation. */
  readonly allocations: readonly (readonly number[])[]
  readonly curve: CurveKind
  readonly batches: AsyncIterable<CalibrationBatch>
  /** After every pass, with the samples that went through it. */
  step(samples: number): Promise<void>
}

/** One number an allocation. Throws `run.not-finite`. */
export async function jointDistortion(options: JointOptions): Promise<number[]> {
  const { compiled, model, rankings, allocations, curve } = options
  const output = compiled.graph.output.name
  const logitsOf = (given: Parameters<CompiledModel['runPart']>[0]) =>
    compiled.runPart(given, [output]).get(output)!.values as Float32Array
  const tallies = allocations.map(() => ({ sum: 0, worst: 0 }))
  let samples = 0
  for await (const { given, count } of options.batches) {
    const logits = logitsOf(given)
    await options.step(count)
    for (const [i, zeros] of allocations.entries()) {
      const changed = logitsOf({ ...given, parameters: kernels(model, rankings, zeros) })
      requireFinite(changed, 'of a pruned model')
      const { sum, worst } = distortion(logits, changed, count)
      tallies[i]!.sum += sum
      tallies[i]!.worst = Math.max(tallies[i]!.worst, worst)
      await options.step(count)
    }
    samples += count
  }
  return tallies.map(({ sum, worst }) => (curve === 'mean' ? sum / samples : worst))
}

function kernels(model: Model, rankings: readonly Ranking[], zeros: readonly number[]): Map<string, Float32Array> {
  return new Map(
    prunableLayers(model.graph).map(({ kernel }, i) => [
      kernel,
      zeroLowest(model.weights.get(kernel)!, rankings[i]!, zeros[i]!),
    ]),
  )
}
