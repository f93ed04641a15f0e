/** A few samples as pictures, for the import report. */
import { createRandom } from '../core/random.ts'
import { shuffle } from '../core/split.ts'
import type { Dataset, Samples, Split, SplitName } from './dataset.ts'
import { requireSplit } from './datasets.ts'

export interface PreviewSample {
  /** uint8, height x width x channels; 1 channel is gray, 3 are RGB. */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  /** Class index. */
  readonly label: number
  /** Position in the split. */
  readonly index: number
}

/**
 * Up to `count` samples of a split, chosen by `seed` and spread over the classes: one of each class, then a second one,
 * and so on; in the order of classes. Float samples are scaled so that the lowest value of each is black and the highest white; of samples with
 * another number of channels than 1 or 3 the first channel is shown. Throws `dataset.no-split`.
 */
export async function previewSamples(
  dataset: Dataset,
  splitName: SplitName,
  count: number,
  seed: number,
): Promise<PreviewSample[]> {
  const split = requireSplit(dataset, splitName)
  const [height = 1, width = 1, stored = 1] = dataset.shape
  const channels = stored === 3 ? 3 : 1
  const previews: PreviewSample[] = []
  for (const index of spread(split, count, seed)) {
    const length = height * width * stored
    const sample = dataset.sampleType === 'uint8' ? new Uint8Array(length) : new Float32Array(length)
    await split.read([index], sample)
    const pixels = toPixels(stored === channels ? sample : sample.filter((_, at) => at % stored === 0))
    previews.push({ pixels, width, height, channels, label: split.labels[index]!, index })
  }
  return previews
}

function spread({ labels }: Split, count: number, seed: number): number[] {
  const order = Int32Array.from(labels, (_, index) => index)
  shuffle(order, createRandom(seed))
  // The turn in which a sample is taken: how many of its class come before it.
  const seen = new Map<number, number>()
  const turns: number[][] = []
  for (const index of order) {
    const turn = seen.get(labels[index]!) ?? 0
    seen.set(labels[index]!, turn + 1)
    turns[turn] ??= []
    turns[turn].push(index)
  }
  return turns
    .flat()
    .slice(0, count)
    .sort((a, b) => labels[a]! - labels[b]!)
}

function toPixels(sample: Samples): Uint8Array {
  if (sample instanceof Uint8Array) return sample
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of sample) {
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  const scale = max > min ? 255 / (max - min) : 0
  return Uint8Array.from(sample, value => Math.round((value - min) * scale))
}
