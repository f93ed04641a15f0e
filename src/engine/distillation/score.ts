/** Networks scored on samples, and held against their teacher. */
import { createFidelityMeter, type Fidelity, largest } from '../../core/distillation/fidelity.ts'
import { batches } from '../../formats/batches.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { DistillationScore } from '../../shared/stages/distill.ts'
import type { CompiledModel } from '../compile/compiled-model.ts'
import type { Selection, StageContext } from '../stage-runner.ts'

type Context = Pick<StageContext, 'dataset' | 'signal' | 'breathe'>

/** Logits of all samples, [samples, classes], in the order of the selection. Throws `run.not-finite`. */
export async function logitsOf(
  compiled: CompiledModel,
  { split, indices }: Selection,
  batchSize: number,
  { dataset, signal, breathe }: Context,
): Promise<Float32Array> {
  const classes = dataset.classes.length
  const logits = new Float32Array(indices.length * classes)
  let done = 0
  for await (const { samples, count } of batches(split, indices, batchSize, dataset, signal)) {
    logits.set(compiled.predict(samples, count), done * classes)
    done += count
    await breathe()
  }
  if (!logits.every(Number.isFinite))
    throw new EspalierError({
      code: 'run.not-finite',
      message: 'A logit is not a finite number.',
      rule: 'A model can be scored only where its logits are finite numbers.',
      hint: 'Check the checkpoint, and that the normalisation is the one it was trained with.',
    })
  return logits
}

/** The score of `logits` on the samples of `selection`, and how near they come to those of the teacher. */
export function scoreLogits(
  logits: Float32Array,
  teacher: Float32Array,
  { split, indices }: Selection,
  names: readonly string[],
): DistillationScore {
  const width = names.length
  const classes = names.map(name => ({ name, correct: 0, total: 0 }))
  const meter = createFidelityMeter(width)
  meter.add(logits, teacher)
  const { agreement, kl1, kl4 }: Fidelity = meter.result()
  let correct = 0
  let loss = 0
  for (const [i, index] of indices.entries()) {
    const own = logits.subarray(i * width, (i + 1) * width)
    const label = split.labels[index]!
    const entry = classes[label]!
    const isRight = largest(own) === label
    entry.total++
    if (isRight) entry.correct++
    if (isRight) correct++
    loss += crossEntropy(own, label)
  }
  const total = indices.length
  return { correct, total, top1: correct / total, loss: loss / total, agreement, kl1, kl4, classes }
}

/** The class of each sample. */
export function predictionsOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, i) =>
    largest(logits.subarray(i * classes, (i + 1) * classes)),
  )
}

function crossEntropy(logits: Float32Array, label: number): number {
  const highest = Math.max(...logits)
  return Math.log(logits.reduce((sum, value) => sum + Math.exp(value - highest), 0)) + highest - logits[label]!
}
