/** Samples that are squares cut out of images of any size, decoded when they are asked for, several at once. */
import { closeSync, openSync, readSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createRandom } from '../../../core/random.ts'
import { centreCut, randomCrop } from '../../../core/resized-crop.ts'
import type { ReaderOptions } from '../../../shared/reader-options.ts'
import { type Cut, cutJpeg, cutPixels, decodeImage, toGray } from '../../codecs/image.ts'
import { type ImageHeader, readImageHeader } from '../../codecs/image-header.ts'
import { throwIfStopped } from '../../progress.ts'
import type { SampleSource } from '../../samples/build-dataset.ts'
import { eachOf } from '../../samples/each-of.ts'
import type { Tree, TreeEntry } from '../../tree/tree.ts'

export interface CutRule {
  /** Side of a sample in pixels. */
  readonly crop: number
  /** What the shorter side of an image is scaled to, before the middle is cut out. */
  readonly resize: number
  /** 1: gray. */
  readonly channels: 1 | 3
}

/** The usual 256 for 224, and as much of the image for other sizes. null where nothing is to be cut. */
export function cutRule({ crop, resize, color }: ReaderOptions): CutRule | null {
  const channels = color === 'gray' ? 1 : 3
  if (crop !== undefined) return { crop, resize: resize ?? Math.round((crop * 8) / 7), channels }
  return resize === undefined ? null : { crop: resize, resize, channels }
}

/** Bytes of a file that are looked at for its size, then more of them: other segments may come first. */
const HEADS = [4096, 2 ** 18]

interface Size {
  readonly width: number
  readonly height: number
}

/** Samples in the order of `images`. The tree stays open until `close`. */
export function cutSource(tree: Tree, images: readonly TreeEntry[], rule: CutRule): SampleSource {
  const { crop: size, resize, channels } = rule
  const sampleLength = channels * size * size
  const sizeOf = rememberSizes(images.length)
  // A folder's files are read by the decoder itself, so all may wait in its queue; others would wait in memory.
  const atOnce = tree.kind === 'folder' ? Number.POSITIVE_INFINITY : 2 * availableParallelism()

  async function cutOne(index: number, cutOf: (image: Size) => Cut): Promise<Uint8Array> {
    const entry = images[index]!
    const source = tree.kind === 'folder' ? tree.locate(entry) : await tree.read(entry)
    const jpeg = sizeOf(index, source)
    if (jpeg) {
      try {
        return await cutJpeg(source, cutOf(jpeg), size)
      } catch {
        // The way below says what is wrong with it.
      }
    }
    const image = await decodeImage(typeof source === 'string' ? await tree.read(entry) : source, tree.locate(entry))
    return cutPixels(image, cutOf(image), size)
  }

  async function cutEach(
    indices: ArrayLike<number>,
    into: Uint8Array,
    signal: AbortSignal | undefined,
    cutOf: (at: number) => (image: Size) => Cut,
  ): Promise<void> {
    await eachOf(indices.length, atOnce, async at => {
      throwIfStopped(signal, `Reading ${tree.path}`)
      const square = await cutOne(indices[at]!, cutOf(at))
      into.set(channels === 1 ? toGray(square) : square, at * sampleLength)
    })
  }

  return {
    read: (indices, into, signal) =>
      cutEach(indices, into, signal, () => ({ width, height }) => ({
        kind: 'centre',
        ...centreCut(width, height, resize, size),
      })),
    readCrops(indices, into, rule, random, signal) {
      const seeds = Uint32Array.from({ length: indices.length }, () => random.uint32())
      return cutEach(indices, into, signal, at => ({ width, height }) => {
        const own = createRandom(seeds[at]!)
        return { kind: 'part', crop: randomCrop(width, height, rule, own), isMirrored: own.below(2) === 1 }
      })
    },
    close: () => tree.close(),
  }
}

/**
 * Width and height of JPEG images, null for what is none. Each file is looked at once; after that nothing stands between
 * a sample that is asked for and the decoder, whose threads work on while JavaScript waits for TensorFlow.
 */
function rememberSizes(count: number): (index: number, source: Uint8Array | string) => Size | null {
  const sizes = new Uint16Array(2 * count)
  return (index, source) => {
    const known = { width: sizes[2 * index]!, height: sizes[2 * index + 1]! }
    if (known.width > 0) return known
    const header = typeof source === 'string' ? peek(source) : readImageHeader(source)
    if (header?.format !== 'jpeg' || header.width === 0 || header.height === 0) return null
    sizes.set([header.width, header.height], 2 * index)
    return header
  }
}

function peek(path: string): ImageHeader | null {
  try {
    const file = openSync(path, 'r')
    try {
      for (const length of HEADS) {
        const head = new Uint8Array(length)
        const header = readImageHeader(head.subarray(0, readSync(file, head, 0, length, 0)))
        if (header) return header
      }
      return null
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
}
