/** CIFAR-10 and CIFAR-100, binary version: records of label bytes and red, green and blue planes. Any number of records. */
import { EspalierError } from '../../shared/errors.ts'
import {
  type CifarFiles,
  cifar10Classes,
  cifar100Classes,
  cifarDataset,
  cifarImageSize,
  cifarPixels,
  findCifar,
} from '../cifar.ts'
import type { ImportNote } from '../dataset.ts'
import { type DatasetReader, formatCount } from '../dataset-reader.ts'
import { looksLike } from '../file-faults.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { interleave } from '../samples/pixels.ts'
import { records } from '../samples/records.ts'
import type { Tree, TreeEntry } from '../tree/tree.ts'

interface Variant {
  readonly name: string
  readonly train: RegExp
  readonly test: RegExp
  readonly classFile: string
  readonly classes: readonly string[]
  /** Label bytes in front of the image; the last one is the label that is used. */
  readonly labelBytes: number
  readonly rule: string
  /** Names as general as `train.bin` say less than `data_batch_1.bin`. */
  readonly certainty: number
  readonly notes: readonly ImportNote[]
}

const variants: readonly Variant[] = [
  {
    name: 'CIFAR-10',
    train: /^data_batch_\d+\.bin$/,
    test: /^test_batch\.bin$/,
    classFile: 'batches.meta.txt',
    classes: cifar10Classes,
    labelBytes: 1,
    rule: 'A CIFAR-10 record has 3,073 bytes: 1 for the label, 3,072 for the image.',
    certainty: 1,
    notes: [],
  },
  {
    name: 'CIFAR-100',
    train: /^train\.bin$/,
    test: /^test\.bin$/,
    classFile: 'fine_label_names.txt',
    classes: cifar100Classes,
    labelBytes: 2,
    rule: 'A CIFAR-100 record has 3,074 bytes: 2 for the coarse and the fine label, 3,072 for the image.',
    certainty: 0.4,
    notes: [{ kind: 'matched', text: 'The 100 fine labels are used, not the 20 coarse ones.' }],
  },
]

export const cifarBinary: DatasetReader = {
  id: 'cifar-binary',
  label: 'CIFAR, binary version',
  looksFor: 'data_batch_1.bin and test_batch.bin (CIFAR-10) or train.bin and test.bin (CIFAR-100)',
  match(tree) {
    const found = findFiles(tree)
    return !found ? 0 : found.files.meta ? 1 : found.variant.certainty
  },

  async open(tree, options) {
    const { variant, files } = findFiles(tree)!
    const batches = [...files.train, ...files.test]
    for (const batch of batches) await checkBatch(tree, batch, variant)
    const countOf = (some: readonly TreeEntry[]): number =>
      some.reduce((sum, { size }) => sum + size / recordSize(variant), 0)
    const labels = { train: new Int32Array(countOf(files.train)), test: new Int32Array(countOf(files.test)) }
    const count = labels.train.length + labels.test.length
    const classes = files.meta ? lines(await tree.read(files.meta)) : variant.classes
    const report = progressReporter(options)
    const title = `${variant.name}, binary version`
    const content = { format: 'cifar-binary', title, files, classes, labels, notes: variant.notes }
    return cifarDataset(tree, content, options, async append => {
      let done = 0
      const appendImages = async (images: Uint8Array): Promise<void> => {
        throwIfStopped(options.signal, `Reading ${tree.path}`)
        await append(images)
        done += images.length / cifarImageSize
        report('Reading samples', done, count)
      }
      await readBatches(tree, files.train, variant, classes.length, labels.train, appendImages)
      await readBatches(tree, files.test, variant, classes.length, labels.test, appendImages)
      return []
    })
  },
}

const recordSize = ({ labelBytes }: Variant): number => labelBytes + cifarImageSize

function findFiles(tree: Tree): { variant: Variant; files: CifarFiles } | null {
  for (const variant of variants) {
    const files = findCifar(tree, variant.train, variant.test, variant.classFile)
    if (files) return { variant, files }
  }
  return null
}

const lines = (text: Uint8Array): string[] =>
  new TextDecoder()
    .decode(text)
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean)

/** Appends the images of `batches` as height x width x channels and writes their labels into `labels`. */
async function readBatches(
  tree: Tree,
  batches: readonly TreeEntry[],
  variant: Variant,
  classCount: number,
  labels: Int32Array,
  append: (images: Uint8Array) => Promise<void>,
): Promise<void> {
  const size = recordSize(variant)
  let sample = 0
  for (const batch of batches) {
    const first = sample
    for await (const block of records(tree.chunks(batch), size)) {
      const images = new Uint8Array((block.length / size) * cifarImageSize)
      for (let at = 0, image = 0; at < block.length; at += size, image += cifarImageSize) {
        const label = block[at + variant.labelBytes - 1]!
        if (label >= classCount) throw badLabel(tree.locate(batch), sample - first, label, classCount)
        labels[sample++] = label
        interleave(block, at + variant.labelBytes, images, image, 3, cifarPixels)
      }
      await append(images)
    }
  }
}

async function checkBatch(tree: Tree, batch: TreeEntry, variant: Variant): Promise<void> {
  if (batch.size > 0 && batch.size % recordSize(variant) === 0) return
  const file = tree.locate(batch)
  const head = await tree.readRange(batch, 0, 24)
  const isText = /text|pointer/.test(looksLike(head))
  const size = formatCount(batch.size)
  throw new EspalierError({
    code: isText ? 'file.corrupt' : 'file.truncated',
    message: isText
      ? `${file} is not a ${variant.name} batch: it ${looksLike(head)}.`
      : `${file} has ${size} bytes, which is no whole number of ${variant.name} records.`,
    file,
    rule: variant.rule,
    hint: isText ? 'Choose the binary version of the data set.' : 'Copy or download the file again.',
  })
}

function badLabel(file: string, record: number, label: number, classCount: number): EspalierError {
  return new EspalierError({
    code: 'dataset.classes',
    message: `Record ${record} of ${file} has label ${label}, but there are ${classCount} classes.`,
    file,
    rule: `Labels are 0 to ${classCount - 1}.`,
    hint: 'The file may be damaged, or belong to another data set.',
  })
}
