/** Images in class folders: `train/<class>/*.jpg` and `test/<class>/*.jpg`, or `<class>/*.png`, in a folder or an archive. */

import type { ImportNote } from '../dataset.ts'
import { type DatasetReader, formatCount } from '../dataset-reader.ts'
import { buildDataset } from '../samples/build-dataset.ts'
import { fingerprint } from '../samples/fingerprint.ts'
import { findSamples, type StoredSamples } from '../samples/sample-store.ts'
import { decodeImages } from './class-folders/decode.ts'
import { classLayout, isImageName } from './class-folders/layout.ts'

export const classFolders: DatasetReader = {
  id: 'class-folders',
  label: 'Images in class folders',
  looksFor: 'PNG or JPEG images in a folder for each class',
  // Data in another form may come with some pictures, so this reader is never quite sure.
  match: tree => (tree.kind !== 'file' && tree.entries.some(({ path }) => isImageName(path)) ? 0.5 : 0),

  async open(tree, options) {
    const { classes, images, labels, notes } = classLayout(tree)
    const others = tree.entries.filter(({ path }) => !isImageName(path))
    const { hash, notes: hashNotes } = await fingerprint(tree, images, options)
    const found = await findSamples(hash, options)
    const stored = found ?? (await decodeImages(tree, images, hash, options))
    return buildDataset({
      format: 'class-folders',
      path: tree.path,
      classes,
      sampleType: 'uint8',
      shape: stored.shape,
      labels,
      samples: stored.samples,
      notes: [
        matched(images.length, classes.length, stored),
        ...tree.notes,
        ...notes,
        ...skipped(others.length),
        ...stored.notes,
        ...hashNotes,
      ],
      fingerprint: hash,
    })
  },
}

function matched(images: number, classes: number, { shape }: StoredSamples): ImportNote {
  const [height = 0, width = 0, channels] = shape
  const colour = channels === 1 ? 'gray' : 'RGB'
  return {
    kind: 'matched',
    text: `${formatCount(images)} images of ${width} x ${height} pixels (${colour}) in ${classes} class folders.`,
  }
}

const skipped = (count: number): ImportNote[] =>
  count === 0 ? [] : [{ kind: 'skipped', text: `${formatCount(count)} files that are no PNG or JPEG images.` }]
