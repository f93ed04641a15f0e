/** The last step of every reader: checks labels and gives splits over stored samples. */

import type { Random } from '../../core/random.ts'
import type { ResizedCrop } from '../../core/resized-crop.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { Dataset, ImportNote, Samples, SampleType, Split, SplitName } from '../dataset.ts'
import { throwIfStopped } from '../progress.ts'
import type { SampleBytes } from './decoded-cache.ts'

/** Samples that are made when they are asked for, by their numbers over all splits. */
export interface SampleSource {
  readonly read: (indices: ArrayLike<number>, into: Uint8Array, signal?: AbortSignal) => Promise<void>
  /** See `Split.readCrops`. */
  readonly readCrops: (
    indices: ArrayLike<number>,
    into: Uint8Array,
    crop: ResizedCrop,
    random: Random,
    signal?: AbortSignal,
  ) => Promise<void>
  readonly close: () => Promise<void>
}

export interface DatasetParts {
  readonly format: string
  /** The file or folder, for messages. */
  readonly path: string
  readonly classes: readonly string[]
  readonly sampleType: SampleType
  readonly shape: readonly number[]
  /** In the order in which their samples are stored; splits without samples are left out. */
  readonly labels: Readonly<Partial<Record<SplitName, Int32Array>>>
  readonly samples: SampleBytes | SampleSource
  /** Where samples are stored, but are cut out of images that can be cut otherwise. */
  readonly images?: SampleSource
  readonly notes: readonly ImportNote[]
  readonly fingerprint: string
}

/** Throws `dataset.classes` for a label outside the classes, `dataset.no-split` where there is no sample at all. */
export function buildDataset(parts: DatasetParts): Dataset {
  const { format, classes, sampleType, shape, samples, notes, fingerprint } = parts
  const valueSize = sampleType === 'float32' ? 4 : 1
  const sampleSize = shape.reduce((product, dim) => product * dim, valueSize)
  const splits: Partial<Record<SplitName, Split>> = {}
  let first = 0
  for (const [name, labels] of Object.entries(parts.labels) as [SplitName, Int32Array][]) {
    checkLabels(parts, name, labels)
    if (labels.length > 0) splits[name] = createSplit(parts, name, labels, first, sampleSize)
    first += labels.length
  }
  if (first === 0) {
    throw new EspalierError({
      code: 'dataset.no-split',
      message: `${parts.path} holds no sample.`,
      file: parts.path,
      rule: 'A data set has training or test samples.',
    })
  }
  const close = async (): Promise<void> => {
    await samples.close()
    await parts.images?.close()
  }
  const needsFiles = parts.images !== undefined || 'readCrops' in samples
  return { format, classes, sampleType, shape, splits, notes, fingerprint, ...(needsFiles && { needsFiles }), close }
}

function checkLabels({ path, classes }: DatasetParts, name: SplitName, labels: Int32Array): void {
  const at = labels.findIndex(label => !(label >= 0 && label < classes.length))
  if (at === -1) return
  throw new EspalierError({
    code: 'dataset.classes',
    message: `${path} labels ${name} sample ${at} with class ${labels[at]}, but has ${classes.length} classes.`,
    file: path,
    rule: 'Labels are class indices from 0 to the number of classes - 1.',
  })
}

function createSplit(
  parts: DatasetParts,
  name: SplitName,
  labels: Int32Array,
  start: number,
  sampleSize: number,
): Split {
  const { path, samples, images, sampleType } = parts
  const source = 'readCrops' in samples ? samples : images
  const places = (indices: ArrayLike<number>): Int32Array =>
    Int32Array.from(indices, index => {
      if (index >= 0 && index < labels.length) return start + index
      throw new RangeError(`sample ${index} of ${labels.length} ${name} samples of ${path}`)
    })
  return {
    name,
    count: labels.length,
    labels,
    ...(source && {
      async readCrops(indices, into, crop, random, signal) {
        const bytes = bytesOf(into, sampleType, indices.length * sampleSize)
        await source.readCrops(places(indices), bytes, crop, random, signal)
      },
    }),
    async read(indices, into, signal) {
      const bytes = bytesOf(into, sampleType, indices.length * sampleSize)
      if ('readCrops' in samples) return samples.read(places(indices), bytes, signal)
      for (let at = 0; at < indices.length; ) {
        throwIfStopped(signal, `Reading ${path}`)
        const first = indices[at]!
        let run = 1
        while (at + run < indices.length && indices[at + run] === first + run) run++
        if (!(first >= 0 && first + run <= labels.length)) {
          throw new RangeError(`sample ${first} to ${first + run - 1} of ${labels.length} ${name} samples of ${path}`)
        }
        // Neighbours are read in one go: evaluation goes through a split in order.
        await samples.read((start + first) * sampleSize, bytes.subarray(at * sampleSize, (at + run) * sampleSize))
        at += run
      }
    },
  }
}

/** The memory of `into` as bytes. Stored floats are little-endian, like every machine this runs on. */
function bytesOf(into: Samples, type: SampleType, length: number): Uint8Array {
  if (into instanceof Float32Array !== (type === 'float32')) throw new TypeError(`samples are ${type}`)
  if (into.byteLength < length) throw new RangeError(`room for ${into.byteLength} bytes where ${length} are needed`)
  return new Uint8Array(into.buffer, into.byteOffset, length)
}
