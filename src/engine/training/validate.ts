import { batches } from '../../formats/batches.ts'
import type { CompiledModel } from '../compile/compiled-model.ts'
import type { Selection, StageContext } from '../stage-runner.ts'

export interface ValidationScore {
  /** Share that is right. */
  readonly top1: number
  /** Mean cross-entropy, in nats. */
  readonly loss: number
  /** The class of each sample, in their order. */
  readonly predictions: Int32Array
}

/** Scores the samples as `evaluate` does. `afterBatch` is awaited after each batch. */
export async function validate(
  compiled: CompiledModel,
  { split, indices }: Selection,
  batchSize: number,
  { dataset, signal }: Pick<StageContext, 'dataset' | 'signal'>,
  afterBatch: () => Promise<void>,
): Promise<ValidationScore> {
  const sums = { top1: 0, loss: 0 }
  const predictions = new Int32Array(indices.length)
  let done = 0
  for await (const { samples, labels, count } of batches(split, indices, batchSize, dataset, signal)) {
    const score = compiled.evaluate(samples, labels)
    sums.top1 += score.top1
    sums.loss += score.loss
    predictions.set(score.predictions, done)
    done += count
    await afterBatch()
  }
  return { top1: sums.top1 / indices.length, loss: sums.loss / indices.length, predictions }
}
