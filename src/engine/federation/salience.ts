/** How salient weights are, by the gradients of a few batches. */
import { salienceOf } from '../../core/federation/pruning/salient.ts'
import type { Weights } from '../../core/graph/model.ts'
import { deriveSeed } from '../../core/random.ts'
import { batches } from '../../formats/batches.ts'
import type { Split } from '../../formats/dataset.ts'
import type { SalienceId } from '../../shared/federated-pruning.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'

export interface SalienceOptions {
  readonly names: readonly string[]
  readonly score: SalienceId
  readonly per: 'batch' | 'sample'
  readonly batches: number
  /** Samples of a batch. */
  readonly batch: number
  readonly seed: number
}

/** Samples whose gradients are taken one by one for each of the `batches`. */
const single = 32

/**
 * Mean over batches (or samples) of the salience of each weight, by name; `compiled` holds `weights`, and nothing in it
 * changes. Takes the first of `samples`. Throws `run.not-finite`.
 */
export async function measureSalience(
  compiled: TrainableModel,
  weights: Weights,
  { dataset, signal, breathe }: Pick<StageContext, 'dataset' | 'signal' | 'breathe'>,
  { split, samples }: { readonly split: Split; readonly samples: Int32Array },
  { names, score, per, batches: count, batch, seed }: SalienceOptions,
): Promise<Weights> {
  const size = per === 'sample' ? 1 : batch
  const chosen = samples.subarray(0, count * (per === 'sample' ? single : batch))
  const of = salienceOf[score]
  const sums = new Map(names.map(name => [name, new Float64Array(weights.get(name)!.length)]))
  let place = 0
  for await (const { samples, labels } of batches(split, chosen, size, dataset, signal)) {
    const gradients = compiled.gradients({ samples, labels, seed: deriveSeed(seed, 'step', place++) }, names)
    for (const [name, sum] of sums) {
      const [own, gradient] = [weights.get(name)!, gradients.get(name)!]
      for (let i = 0; i < sum.length; i++) sum[i]! += of(own[i]!, gradient[i]!)
    }
    await breathe()
  }
  return new Map([...sums].map(([name, sum]) => [name, Float32Array.from(sum, total => total / place)]))
}
