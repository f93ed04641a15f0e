/** Mean and standard deviation of samples, for the normalisation that is measured. */
import type { Normalization } from '../core/normalization.ts'
import { batches } from './batches.ts'
import type { Dataset, Split } from './dataset.ts'

/** More samples change the numbers by less than anybody could notice, and images that are decoded on the way take hours. */
const MOST = 20_000

/**
 * Per channel (the last dim), over samples `indices` of `split`, or 20,000 of them that are evenly spread; bytes as
 * value / 255. A channel that never changes has deviation 1. Throws what reading throws.
 */
export async function channelStatistics(
  split: Split,
  indices: Int32Array,
  dataset: Pick<Dataset, 'shape' | 'sampleType'>,
  signal?: AbortSignal,
): Promise<Normalization> {
  const count = Math.min(indices.length, MOST)
  const chosen = Int32Array.from({ length: count }, (_, at) => indices[Math.floor((at * indices.length) / count)]!)
  const channels = dataset.shape.at(-1)!
  const sums = new Float64Array(channels)
  const squares = new Float64Array(channels)
  // Values are taken from the first of each channel: where all are large, squares of them would lose the differences.
  let origin: number[] | undefined
  for await (const { samples } of batches(split, chosen, 128, dataset, signal)) {
    origin ??= Array.from(samples.subarray(0, channels))
    for (let channel = 0; channel < channels; channel++) {
      const from = origin[channel]!
      let sum = 0
      let square = 0
      for (let at = channel; at < samples.length; at += channels) {
        const value = samples[at]! - from
        sum += value
        square += value * value
      }
      sums[channel]! += sum
      squares[channel]! += square
    }
  }
  const values = (count * dataset.shape.reduce((product, dim) => product * dim, 1)) / channels
  const unit = dataset.sampleType === 'uint8' ? 255 : 1
  return {
    mean: Array.from(sums, (sum, channel) => (origin![channel]! + sum / values) / unit),
    std: Array.from(squares, (square, channel) => {
      const variance = Math.max(0, square / values - (sums[channel]! / values) ** 2)
      return variance > 0 ? Math.sqrt(variance) / unit : 1
    }),
  }
}
