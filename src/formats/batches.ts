/** Batches of samples, the next ones read while the current one is used. */
import { cropFlip } from '../core/augment.ts'
import { augmentations } from '../core/augmentations.ts'
import { createRandom, deriveSeed } from '../core/random.ts'
import { EspalierError } from '../shared/errors.ts'
import type { AugmentationId } from '../shared/methods.ts'
import type { Dataset, Samples, Split } from './dataset.ts'

export interface Batch {
  /** `count` samples, one after the other. Fresh memory: a tensor may share it until the tensor is disposed of. */
  readonly samples: Samples
  readonly labels: Int32Array
  readonly count: number
}

export interface EpochOptions {
  readonly augmentation: AugmentationId
  /** Of this run and epoch: batch b draws its changes by `deriveSeed(seed, 'augment', b)`, whatever was read before. */
  readonly seed: number
  /** The first batch to give, for a run that goes on in the middle of an epoch. Default 0. */
  readonly from?: number
  readonly signal?: AbortSignal
}

type SampleForm = Pick<Dataset, 'shape' | 'sampleType'>

/** Batches that are read before they are asked for: images that are decoded on the way keep all processors busy. */
const AHEAD = 1

/**
 * Samples `indices` of `split` in that order, `batchSize` at a time; the last batch may be shorter.
 * Stops reading where the consumer leaves early. Throws what `Split.read` throws, and `run.stopped` on `signal`.
 */
export function batches(
  split: Split,
  indices: ArrayLike<number>,
  batchSize: number,
  dataset: SampleForm,
  signal?: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  return readAhead(split, indices, batchSize, dataset, 0, async (chosen, into) => {
    await split.read(chosen, into, signal)
    return into
  })
}

/**
 * The same for training: every sample changed by the augmentation, by numbers that depend on nothing but the seed and
 * the place of its batch. Throws `argument.invalid` where the data set cannot be augmented so.
 */
export function epochBatches(
  split: Split,
  indices: ArrayLike<number>,
  batchSize: number,
  dataset: SampleForm,
  { augmentation: id, seed, from = 0, signal }: EpochOptions,
): AsyncGenerator<Batch, void, undefined> {
  requireAugmentable(split, dataset, id)
  const augmentation = augmentations[id]
  return readAhead(split, indices, batchSize, dataset, from, async (chosen, into, batch) => {
    const random = createRandom(deriveSeed(seed, 'augment', batch))
    if (augmentation?.kind === 'resized-crop') {
      await split.readCrops!(chosen, into, augmentation, random, signal)
      return into
    }
    await split.read(chosen, into, signal)
    return augmentation ? cropFlip(into, dataset.shape, augmentation, random) : into
  })
}

/** Throws `argument.invalid` where samples of this data set cannot be changed so. */
export function requireAugmentable(split: Split, { shape }: Pick<SampleForm, 'shape'>, id: AugmentationId): void {
  const augmentation = augmentations[id]
  if (!augmentation) return
  if (augmentation.kind === 'resized-crop') {
    if (split.readCrops) return
    throw notAugmentable(id, 'the data set is not cut out of image files', 'Use crop-flip, or set data.reader.crop.')
  }
  const [height = 0, width = 0] = shape
  if (shape.length === 3 && augmentation.padding < Math.min(height, width)) return
  throw notAugmentable(id, `its samples are ${shape.join(' x ')}`, 'Use none.')
}

const notAugmentable = (id: AugmentationId, why: string, hint: string): EspalierError =>
  new EspalierError({
    code: 'argument.invalid',
    message: `data.augment ${id} cannot be used: ${why}.`,
    rule: 'Crop and flip need images of more than 4 pixels; resized-crop needs images that are cut to size when read.',
    hint,
  })

/** Fills `into` with samples `chosen`, batch number `batch`, and returns it or another array for it. */
type Fill = (chosen: Int32Array, into: Samples, batch: number) => Promise<Samples>

async function* readAhead(
  split: Split,
  indices: ArrayLike<number>,
  batchSize: number,
  { shape, sampleType }: SampleForm,
  from: number,
  fill: Fill,
): AsyncGenerator<Batch, void, undefined> {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) throw new RangeError(`a batch of ${batchSize} samples`)
  const sampleLength = shape.reduce((product, dim) => product * dim, 1)
  const read = async (batch: number): Promise<Batch | null> => {
    const start = batch * batchSize
    const count = Math.min(batchSize, indices.length - start)
    if (count <= 0) return null
    const chosen = Int32Array.from({ length: count }, (_, at) => indices[start + at]!)
    const length = count * sampleLength
    const room = sampleType === 'uint8' ? new Uint8Array(length) : new Float32Array(length)
    const samples = await fill(chosen, room, batch)
    return { samples, labels: chosen.map(index => split.labels[index]!), count }
  }
  const queue: Promise<Batch | null>[] = []
  const enqueue = (batch: number): void => {
    const next = read(batch)
    // Its fault is for its own turn, where it is awaited; until then it counts as handled.
    next.catch(() => {})
    queue.push(next)
  }
  try {
    for (let batch = from; batch < from + AHEAD; batch++) enqueue(batch)
    for (let batch = from; ; batch++) {
      const current = await queue.shift()
      if (!current) return
      enqueue(batch + AHEAD)
      yield current
    }
  } finally {
    await Promise.allSettled(queue)
  }
}
