/** A data set from arrays of images and labels, whatever file holds the arrays. */
import { EspalierError } from '../../shared/errors.ts'
import type { ReaderOptions } from '../../shared/reader-options.ts'
import type { Dataset, ImportNote, OpenOptions, SplitName } from '../dataset.ts'
import { formatCount, unusedNote } from '../dataset-reader.ts'
import { buildDataset } from '../samples/build-dataset.ts'
import { fingerprint } from '../samples/fingerprint.ts'
import { type ArrayLayout, guessLayout } from '../samples/pixels.ts'
import { storeSamples } from '../samples/sample-store.ts'
import type { Tree, TreeEntry } from '../tree/tree.ts'
import { readLabels } from './labels.ts'
import { readSamples, sampleTypeOf } from './samples.ts'
import { type LabelledArrays, looksLikeSeries, type StoredArray } from './stored-array.ts'

export interface ArraySource {
  readonly format: string
  readonly tree: Tree
  /** Training arrays first. */
  readonly splits: Readonly<Partial<Record<SplitName, LabelledArrays>>>
  /** The files that the arrays are in. */
  readonly used: readonly TreeEntry[]
  readonly notes: readonly ImportNote[]
}

/** Values of one sample. Far above any picture, and still safe to hold. */
const MAX_SAMPLE = 2 ** 28

/** Throws `dataset.shape`, `dataset.invalid`, `dataset.classes` and what reading the arrays throws. */
export async function openArrays(source: ArraySource, options: OpenOptions): Promise<Dataset> {
  const { format, tree, used } = source
  const splits = Object.entries(source.splits) as [SplitName, LabelledArrays][]
  const images = splits.map(([, split]) => split.images)
  const layouts = commonLayout(images, options.reader?.layout)
  const { shape, guess } = layouts[0]!

  const labels: Partial<Record<SplitName, Int32Array>> = {}
  let classCount = 0
  for (const [name, split] of splits) {
    const found = await readLabels(split.labels)
    if (found.labels.length !== split.images.dims[0]) throw wrongCount(split, found.labels.length)
    labels[name] = found.labels
    classCount = Math.max(classCount, found.classCount)
  }

  const { hash, notes } = await fingerprint(tree, used, options)
  const sampleType = await sampleTypeOf(images)
  const count = Object.values(labels).reduce((sum, { length }) => sum + length, 0)
  const bytes = shape.reduce((product, dim) => product * dim, count * (sampleType === 'float32' ? 4 : 1))
  const stored = await storeSamples({ fingerprint: hash, bytes, shape, isCostly: false }, options, append =>
    readSamples(images, sampleType, layouts, options, append),
  )
  const classes = Array.from({ length: classCount }, (_, label) => String(label))
  return buildDataset({
    format,
    path: tree.path,
    classes,
    sampleType,
    shape,
    labels,
    samples: stored.samples,
    notes: [
      ...splits.map(([name, split]) => matched(name, split)),
      { kind: 'guessed', text: `The dims of the samples are ${guess}.` },
      ...classNotes(classes, labels),
      ...source.notes,
      ...stored.notes,
      ...tree.notes,
      ...unusedNote(tree, used),
      ...notes,
    ],
    fingerprint: hash,
  })
}

/** One layout an array, all of one shape of sample: planes may come first in one and last in another. */
function commonLayout(images: readonly StoredArray[], wanted: ReaderOptions['layout']): readonly ArrayLayout[] {
  const kind = wanted ?? (images.every(looksLikeSeries) ? 'series' : 'image')
  const layouts = images.map(array => {
    const layout = guessLayout(array.dims, kind)
    if (layout && !array.dims.includes(0) && layout.shape.reduce((a, b) => a * b, 1) <= MAX_SAMPLE) return layout
    throw new EspalierError({
      code: 'dataset.shape',
      message: `${array.name} has the dims ${array.dims.join(' x ') || '()'}, which are no ${kind === 'series' ? 'time series' : 'images'}.`,
      file: array.name,
      rule:
        kind === 'series'
          ? 'Time series are arrays of samples x steps x features.'
          : 'Images are arrays of samples x height x width, or the same with channels first or last.',
      hint: 'Reshape the array and save it again.',
    })
  })
  const [first, second] = layouts
  if (second && String(first!.shape) !== String(second.shape)) {
    throw new EspalierError({
      code: 'dataset.shape',
      message: `${images[1]!.name} has samples of ${second.shape.join(' x ')}, ${images[0]!.name} of ${first!.shape.join(' x ')}.`,
      file: images[1]!.name,
      rule: 'Training and test samples have the same shape.',
    })
  }
  return layouts
}

function matched(split: SplitName, { images, labels }: LabelledArrays): ImportNote {
  const name = split === 'train' ? 'Training' : 'Test'
  return {
    kind: 'matched',
    text: `${name} samples are ${images.label} (${images.dims.join(' x ')}, ${images.typeName}), labels ${labels.label}.`,
  }
}

function classNotes(
  classes: readonly string[],
  labels: Readonly<Partial<Record<SplitName, Int32Array>>>,
): ImportNote[] {
  const seen = new Set(Object.values(labels).flatMap(list => [...new Set(list)]))
  const empty = classes.filter((_, label) => !seen.has(label))
  const notes: ImportNote[] = [
    {
      kind: 'guessed',
      text: `There are ${formatCount(classes.length)} classes, named by their number, 0 to ${classes.length - 1}.`,
    },
  ]
  if (empty.length > 0) {
    notes.push({
      kind: 'guessed',
      text: `No sample is of class ${empty.slice(0, 5).join(', ')}${empty.length > 5 ? ', ...' : ''}.`,
    })
  }
  return notes
}

function wrongCount({ images, labels }: LabelledArrays, labelCount: number): EspalierError {
  return new EspalierError({
    code: 'dataset.invalid',
    message: `${images.name} has ${images.dims[0]} samples, but ${labels.name} has ${labelCount} labels.`,
    file: labels.name,
    rule: 'There is one label for each sample.',
  })
}
