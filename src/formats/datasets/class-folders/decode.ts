/** Decodes all images of a data set, several at once, in order. */
import { availableParallelism } from 'node:os'
import { EspalierError } from '../../../shared/errors.ts'
import { type DecodedImage, decodeImage, isGray, toGray } from '../../codecs/image.ts'
import type { ImportNote, OpenOptions } from '../../dataset.ts'
import { formatCount } from '../../dataset-reader.ts'
import { progressReporter, throwIfStopped } from '../../progress.ts'
import { eachOf } from '../../samples/each-of.ts'
import { type StoredSamples, storeSamples } from '../../samples/sample-store.ts'
import type { Tree, TreeEntry } from '../../tree/tree.ts'

/** Decoded bytes that wait to be stored. */
const BLOCK = 2 ** 23

interface Target {
  readonly first: TreeEntry
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  /** It was asked for, so colours become gray where they must. */
  readonly isChosen: boolean
}

/**
 * Images of one size; the reader option `color` says how many channels, else one if every file stores gray and three if
 * not: what a file stores says what it is meant to be, its pixels only what it happens to show.
 * Throws `dataset.shape` for the first image of another size, `file.corrupt` for one that does not decode.
 */
export async function decodeImages(
  tree: Tree,
  images: readonly TreeEntry[],
  fingerprint: string,
  options: OpenOptions,
): Promise<StoredSamples> {
  const first = images[0]!
  const { width, height, isStoredGray } = await decode(tree, first)
  const color = options.reader?.color
  const store = (channels: 1 | 3): Promise<StoredSamples> => {
    const shape = [height, width, channels]
    const bytes = images.length * height * width * channels
    const target = { first, width, height, channels, isChosen: color !== undefined }
    return storeSamples({ fingerprint, bytes, shape, isCostly: true }, options, append =>
      decodeInto(tree, images, target, options, append),
    )
  }
  if (color !== undefined) return store(color === 'gray' ? 1 : 3)
  if (!isStoredGray) return store(3)
  try {
    return await store(1)
  } catch (error) {
    if (error instanceof ColourFound) return store(3)
    throw error
  }
}

/** Ends a pass that took the data set for gray; the next pass starts over in colour. */
class ColourFound extends Error {}

const decode = async (tree: Tree, entry: TreeEntry): Promise<DecodedImage> =>
  decodeImage(await tree.read(entry), tree.locate(entry))

async function decodeInto(
  tree: Tree,
  images: readonly TreeEntry[],
  target: Target,
  options: OpenOptions,
  append: (samples: Uint8Array) => Promise<void>,
): Promise<ImportNote[]> {
  const { width, height, channels } = target
  const size = width * height * channels
  const blockCount = Math.max(1, Math.floor(BLOCK / size))
  const report = progressReporter(options)
  let alpha = 0
  let deep = 0
  let grayPixels = 0
  let warnings = 0
  let warning: string | undefined
  let done = 0
  for (let start = 0; start < images.length; start += blockCount) {
    const count = Math.min(blockCount, images.length - start)
    const block = new Uint8Array(count * size)
    // Twice the cores: while some images decode, the next are read.
    await eachOf(count, 2 * availableParallelism(), async index => {
      throwIfStopped(options.signal, `Reading ${tree.path}`)
      const entry = images[start + index]!
      const image = await decode(tree, entry)
      checkSize(tree, entry, image, target)
      if (channels === 1 && !target.isChosen && !image.isStoredGray) throw new ColourFound()
      block.set(channels === 1 ? toGray(image.pixels) : image.pixels, index * size)
      if (channels === 3 && isGray(image.pixels)) grayPixels++
      if (image.hadAlpha) alpha++
      if (image.was16Bit) deep++
      if (image.warning !== undefined) {
        warnings++
        warning ??= `${entry.path}: ${image.warning}`
      }
      report('Decoding images', ++done, images.length)
    })
    await append(block)
  }
  const notes: ImportNote[] = []
  if (grayPixels === images.length && !target.isChosen)
    notes.push({
      kind: 'guessed',
      text: 'Files store colours, but all pixels are gray. The option color reads them as gray.',
    })
  if (alpha > 0) notes.push({ kind: 'skipped', text: `The alpha channel of ${formatCount(alpha)} images was dropped.` })
  if (deep > 0)
    notes.push({ kind: 'skipped', text: `${formatCount(deep)} images of 16 bits a channel were reduced to 8.` })
  if (warning !== undefined)
    notes.push({ kind: 'guessed', text: `${formatCount(warnings)} images are damaged but decode; one is ${warning}.` })
  return notes
}

function checkSize(tree: Tree, entry: TreeEntry, { width, height }: DecodedImage, target: Target): void {
  if (width === target.width && height === target.height) return
  throw new EspalierError({
    code: 'dataset.shape',
    message:
      `${tree.locate(entry)} is ${width} x ${height} pixels, ` +
      `${target.first.path} is ${target.width} x ${target.height}.`,
    file: tree.locate(entry),
    rule: 'All images of a data set have the same width and height.',
    hint: 'Set data.reader.crop, such as 224, to cut squares of one size out of them.',
  })
}
