/** What the binary and the Python form of CIFAR-10 and CIFAR-100 share (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009). */

import { plural } from '../shared/plural.ts'
import type { Dataset, ImportNote, OpenOptions } from './dataset.ts'
import { formatCount, unusedNote } from './dataset-reader.ts'
import { buildDataset } from './samples/build-dataset.ts'
import { fingerprint } from './samples/fingerprint.ts'
import { type FillSamples, storeSamples } from './samples/sample-store.ts'
import { baseName, folderName, type Tree, type TreeEntry } from './tree/tree.ts'

export const cifarShape = [32, 32, 3] as const
export const cifarPixels = 32 * 32
/** One image: red, green and blue plane, row by row. */
export const cifarImageSize = 3 * cifarPixels

export const cifar10Classes = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')

/** The fine labels, in the published (alphabetical) order. */
export const cifar100Classes = (
  'apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle ' +
  'caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant ' +
  'flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man ' +
  'maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree ' +
  'plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper ' +
  'snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train ' +
  'trout tulip turtle wardrobe whale willow_tree wolf woman worm'
).split(' ')

/** The files of one form of one of the two data sets. */
export interface CifarFiles {
  readonly train: readonly TreeEntry[]
  readonly test: readonly TreeEntry[]
  /** Names of the classes, where it is there. */
  readonly meta: TreeEntry | undefined
}

/** Of several folders that hold such files, the one with most of them; null where there is none. */
export function findCifar(tree: Tree, train: RegExp, test: RegExp, meta: string): CifarFiles | null {
  const folders = new Map<string, TreeEntry[]>()
  for (const entry of tree.entries) {
    const name = baseName(entry.path)
    if (!train.test(name) && !test.test(name)) continue
    const folder = folderName(entry.path)
    folders.set(folder, [...(folders.get(folder) ?? []), entry])
  }
  const most = [...folders].sort(([, a], [, b]) => b.length - a.length)[0]
  if (!most) return null
  const [folder, files] = most
  const path = folder === '' ? meta : `${folder}/${meta}`
  return {
    // By number: `data_batch_10` comes after `data_batch_2`.
    train: files.filter(file => train.test(baseName(file.path))).sort((a, b) => batchNumber(a) - batchNumber(b)),
    test: files.filter(file => test.test(baseName(file.path))),
    meta: tree.entries.find(entry => entry.path === path),
  }
}

const batchNumber = ({ path }: TreeEntry): number => Number(/(\d+)(\.bin)?$/.exec(path)?.[1] ?? 0)

export interface CifarContent {
  readonly format: string
  /** Such as `CIFAR-10, binary version`. */
  readonly title: string
  readonly files: CifarFiles
  readonly classes: readonly string[]
  readonly labels: { readonly train: Int32Array; readonly test: Int32Array }
  /** What the reader has to say. */
  readonly notes: readonly ImportNote[]
}

/** The data set of these files, whose images `fill` appends, pixel by pixel, training images first. */
export async function cifarDataset(
  tree: Tree,
  content: CifarContent,
  options: OpenOptions,
  fill: FillSamples,
): Promise<Dataset> {
  const { format, title, files, classes, labels } = content
  const used = [...files.train, ...files.test, ...(files.meta ? [files.meta] : [])]
  const { hash, notes } = await fingerprint(tree, used, options)
  const bytes = (labels.train.length + labels.test.length) * cifarImageSize
  const request = { fingerprint: hash, bytes, shape: cifarShape, isCostly: false }
  const { samples } = await storeSamples(request, options, fill)
  return buildDataset({
    format,
    path: tree.path,
    classes,
    sampleType: 'uint8',
    shape: cifarShape,
    labels,
    samples,
    notes: [...cifarNotes(title, files, labels), ...content.notes, ...tree.notes, ...unusedNote(tree, used), ...notes],
    fingerprint: hash,
  })
}

/** What the import report says about files and classes. */
function cifarNotes(
  title: string,
  { train, test, meta }: CifarFiles,
  labels: { readonly train: ArrayLike<number>; readonly test: ArrayLike<number> },
): ImportNote[] {
  const say = (name: string, files: number, samples: number): string =>
    `${formatCount(samples)} ${name} images in ${plural(files, 'file')}`
  const sizes = `${say('training', train.length, labels.train.length)}, ${say('test', test.length, labels.test.length)}`
  const notes: ImportNote[] = [{ kind: 'matched', text: `${title}, 32 x 32 RGB: ${sizes}.` }]
  notes.push(
    meta
      ? { kind: 'matched', text: `Class names are from ${meta.path}.` }
      : { kind: 'guessed', text: 'There is no file of class names; they are in the published order.' },
  )
  return notes
}
