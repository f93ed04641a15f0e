/** Images in class folders: `train/<class>/*.jpg` and `test/<class>/*.jpg`, or `<class>/*.png`, in a folder or an archive. */

import type { ImportNote, OpenOptions } from '../dataset.ts'
import { type DatasetReader, formatCount } from '../dataset-reader.ts'
import { progressReporter } from '../progress.ts'
import { buildDataset, type DatasetParts, type SampleSource } from '../samples/build-dataset.ts'
import { fingerprint } from '../samples/fingerprint.ts'
import { defaultMemoryBudget, findSamples, storeSamples } from '../samples/sample-store.ts'
import type { Tree, TreeEntry } from '../tree/tree.ts'
import { type CutRule, cutRule, cutSource } from './class-folders/cut.ts'
import { decodeImages } from './class-folders/decode.ts'
import { classLayout, isImageName } from './class-folders/layout.ts'

/** Bytes of samples that are made before they are stored. */
const BLOCK = 2 ** 24

export const classFolders: DatasetReader = {
  id: 'class-folders',
  label: 'Images in class folders',
  looksFor: 'PNG or JPEG images in a folder for each class',
  options: ['crop', 'resize', 'color'],
  // Data in another form may come with some pictures, so this reader is never quite sure.
  match: tree => (tree.kind !== 'file' && tree.entries.some(({ path }) => isImageName(path)) ? 0.5 : 0),

  async open(tree, options) {
    const { classes, images, labels, notes } = classLayout(tree)
    const others = tree.entries.filter(({ path }) => !isImageName(path))
    const { hash, notes: hashNotes } = await fingerprint(tree, images, options)
    const cut = cutRule(options.reader ?? {})
    const parts = cut ? await openCut(tree, images, cut, hash, options) : await openWhole(tree, images, hash, options)
    return buildDataset({
      format: 'class-folders',
      path: tree.path,
      classes,
      sampleType: 'uint8',
      labels,
      ...parts,
      notes: [
        matched(images.length, classes.length, parts.shape),
        ...tree.notes,
        ...notes,
        ...skipped(others.length),
        ...parts.notes,
        ...hashNotes,
      ],
      fingerprint: hash,
    })
  },
}

type Parts = Pick<DatasetParts, 'samples' | 'images' | 'shape' | 'notes'>

/** Images of one size, each a sample as it is. */
const openWhole = async (
  tree: Tree,
  images: readonly TreeEntry[],
  hash: string,
  options: OpenOptions,
): Promise<Parts> => (await findSamples(hash, options)) ?? (await decodeImages(tree, images, hash, options))

/** Squares cut out of images: made once where all fit in memory, else whenever they are asked for. */
async function openCut(
  tree: Tree,
  images: readonly TreeEntry[],
  rule: CutRule,
  fingerprint: string,
  options: OpenOptions,
): Promise<Parts> {
  const source = cutSource(tree, images, rule)
  const shape = [rule.crop, rule.crop, rule.channels]
  const note: ImportNote = {
    kind: 'matched',
    text: `The shorter side of each image is scaled to ${rule.resize} pixels, then the middle ${rule.crop} x ${rule.crop} are cut out.`,
  }
  const sampleSize = rule.channels * rule.crop ** 2
  const bytes = images.length * sampleSize
  if (bytes > (options.memoryBudget ?? defaultMemoryBudget)) {
    const text = 'The samples are more than memory should hold: images are decoded whenever they are used.'
    return { samples: source, shape, notes: [note, { kind: 'guessed', text }] }
  }
  const stored =
    (await findSamples(fingerprint, options)) ??
    (await storeSamples({ fingerprint, bytes, shape, isCostly: true }, options, append =>
      cutAll(source, images.length, sampleSize, options, append),
    ))
  return { samples: stored.samples, images: source, shape, notes: [note, ...stored.notes] }
}

async function cutAll(
  source: SampleSource,
  count: number,
  sampleSize: number,
  options: OpenOptions,
  append: (samples: Uint8Array) => Promise<void>,
): Promise<ImportNote[]> {
  const report = progressReporter(options)
  const blockCount = Math.max(1, Math.floor(BLOCK / sampleSize))
  for (let start = 0; start < count; start += blockCount) {
    const indices = Int32Array.from({ length: Math.min(blockCount, count - start) }, (_, at) => start + at)
    const block = new Uint8Array(indices.length * sampleSize)
    await source.read(indices, block, options.signal)
    await append(block)
    report('Decoding images', start + indices.length, count)
  }
  return []
}

function matched(images: number, classes: number, shape: readonly number[]): ImportNote {
  const [height = 0, width = 0, channels] = shape
  const colour = channels === 1 ? 'gray' : 'RGB'
  return {
    kind: 'matched',
    text: `${formatCount(images)} images of ${width} x ${height} pixels (${colour}) in ${classes} class folders.`,
  }
}

const skipped = (count: number): ImportNote[] =>
  count === 0 ? [] : [{ kind: 'skipped', text: `${formatCount(count)} files that are no PNG or JPEG images.` }]
