/** Batches of samples, the next one read while the current one is used. */
import type { Dataset, Samples, Split } from './dataset.ts'

export interface Batch {
  /** `count` samples, one after the other. Fresh memory: a tensor may share it until the tensor is disposed of. */
  readonly samples: Samples
  readonly labels: Int32Array
  readonly count: number
}

/**
 * Samples `indices` of `split` in that order, `batchSize` at a time; the last batch may be shorter.
 * Stops reading where the consumer leaves early. Throws what `Split.read` throws, and `run.stopped` on `signal`.
 */
export async function* batches(
  split: Split,
  indices: ArrayLike<number>,
  batchSize: number,
  dataset: Pick<Dataset, 'shape' | 'sampleType'>,
  signal?: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) throw new RangeError(`a batch of ${batchSize} samples`)
  const sampleLength = dataset.shape.reduce((product, dim) => product * dim, 1)
  const read = async (start: number): Promise<Batch | null> => {
    const count = Math.min(batchSize, indices.length - start)
    if (count <= 0) return null
    const chosen = Int32Array.from({ length: count }, (_, at) => indices[start + at]!)
    const length = count * sampleLength
    const samples = dataset.sampleType === 'uint8' ? new Uint8Array(length) : new Float32Array(length)
    await split.read(chosen, samples, signal)
    return { samples, labels: chosen.map(index => split.labels[index]!), count }
  }
  let next = read(0)
  try {
    for (let start = 0; ; start += batchSize) {
      const batch = await next
      if (!batch) return
      next = read(start + batchSize)
      // Its fault is for the next turn, where it is awaited; until then it counts as handled.
      next.catch(() => {})
      yield batch
    }
  } finally {
    await next.catch(() => {})
  }
}
