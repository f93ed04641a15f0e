/** What a data set is, whatever file it came from. The readers are in `datasets/`, their table is `datasets.ts`. */
import type { Random } from '../core/random.ts'
import type { ResizedCrop } from '../core/resized-crop.ts'
import type { ReaderOptions } from '../shared/reader-options.ts'

/** Samples stay as they are stored: uint8 images, or float32 where the file holds floats. Layout is NHWC (time series: [N, steps, features]). */
export type SampleType = 'uint8' | 'float32'
export type Samples = Uint8Array | Float32Array
export type SplitName = 'train' | 'test'

export interface Split {
  readonly name: SplitName
  readonly count: number
  /** One class index a sample, 0 <= label < classes.length. Length `count`. */
  readonly labels: Int32Array
  /**
   * Samples `indices[0..n)` into `into`, one after the other; `into.length` is at least n x sample size.
   * May read from disk or decode; throws `file.truncated`, `file.corrupt` naming the file and the sample.
   */
  read(indices: ArrayLike<number>, into: Samples, signal?: AbortSignal): Promise<void>
  /**
   * The same, each sample a random part of its image file, scaled to the size of a sample and mirrored half of the time.
   * Only where samples are cut out of image files. Takes one number a sample from `random`, before it returns.
   */
  readonly readCrops?: (
    indices: ArrayLike<number>,
    into: Samples,
    crop: ResizedCrop,
    random: Random,
    signal?: AbortSignal,
  ) => Promise<void>
}

/** A guess the reader made or something it left out, said to the person in the import report. */
export interface ImportNote {
  readonly kind: 'matched' | 'skipped' | 'guessed'
  readonly text: string
}

export interface Dataset {
  /** Reader id, such as `cifar-binary`. */
  readonly format: string
  readonly classes: readonly string[]
  readonly sampleType: SampleType
  /** One sample without batch: [height, width, channels]. */
  readonly shape: readonly number[]
  readonly splits: { readonly train?: Split; readonly test?: Split }
  readonly notes: readonly ImportNote[]
  /** SHA-256 over what matters of the content (file names, sizes and bytes or, for very large sets, sizes and samples of bytes): hex. */
  readonly fingerprint: string
  /** Samples are made from the files when they are asked for; they must stay until the data set is closed. */
  readonly needsFiles?: boolean
  close(): Promise<void>
}

export interface OpenOptions {
  /** How files are read that leave it open. An option that the reader does not take is refused. */
  readonly reader?: ReaderOptions
  readonly signal?: AbortSignal
  /** Called at most ten times a second with what is being done. */
  readonly onProgress?: (progress: { step: string; done: number; total: number }) => void
  /** Where decoded samples may be kept between sessions; absent = keep nothing. */
  readonly cacheDirectory?: string
  /** Decoded samples up to this many bytes are held in memory, larger sets are read from disk. Default 1 GiB. */
  readonly memoryBudget?: number
}
