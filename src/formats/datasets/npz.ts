/** NumPy arrays: an .npz, or a folder or archive of .npy files, whose names say what they are. */
import { EspalierError } from '../../shared/errors.ts'
import { openArrays } from '../arrays/dataset.ts'
import { inRows } from '../arrays/fortran.ts'
import { type LabelledArrays, nameOfType, type StoredArray } from '../arrays/stored-array.ts'
import { checkNpySize, npyHeaderSize, readNpyHeader } from '../codecs/npy.ts'
import type { ImportNote, SplitName } from '../dataset.ts'
import { type DatasetReader, formatCount } from '../dataset-reader.ts'
import { type FileSplit, splitOfWord, wordsOf } from '../split-words.ts'
import { baseName, type Tree, type TreeEntry } from '../tree/tree.ts'

type Role = 'images' | 'labels'
type Pairs = Partial<Record<FileSplit, Partial<Record<Role, TreeEntry>>>>

const shortWords: Readonly<Record<string, FileSplit>> = { tr: 'train', te: 'test' }
const splitOf = (word: string): FileSplit | undefined => splitOfWord(word) ?? shortWords[word]

const roleWords: Readonly<Record<Role, readonly string[]>> = {
  images: ['x', 'data', 'image', 'images', 'imgs', 'sample', 'samples', 'input', 'inputs', 'arr_0'],
  labels: ['y', 'label', 'labels', 'target', 'targets', 'class', 'classes', 'arr_1'],
}

export const npz: DatasetReader = {
  id: 'npz',
  label: 'NumPy arrays',
  looksFor: 'NumPy arrays (.npz or .npy) named x_train, y_train, x_test, y_test or alike',
  options: ['layout'],
  match: tree => (!tree.entries.some(isArray) ? 0 : Object.values(findPairs(tree)).some(isPair) ? 0.8 : 0.3),

  async open(tree, options) {
    const pairs = Object.entries(findPairs(tree)) as [FileSplit, { images?: TreeEntry; labels?: TreeEntry }][]
    const found: Partial<Record<FileSplit, { images: TreeEntry; labels: TreeEntry }>> = {}
    for (const [split, pair] of pairs) if (isPair(pair)) found[split] = pair
    const { train, test, validation } = found
    if (!train && !test && !validation) throw noPair(tree)
    const notes: ImportNote[] = []
    if (validation && !test) notes.push({ kind: 'guessed', text: 'The validation arrays are used as the test split.' })

    const used: TreeEntry[] = []
    const splits: Partial<Record<SplitName, LabelledArrays>> = {}
    for (const [name, pair] of [
      ['train', train],
      ['test', test ?? validation],
    ] as const) {
      if (!pair) continue
      splits[name] = { images: await openArray(tree, pair.images), labels: await openArray(tree, pair.labels) }
      used.push(pair.images, pair.labels)
    }
    return openArrays({ format: 'npz', tree, splits, used, notes }, options)
  },
}

const isArray = ({ path }: TreeEntry): boolean => /\.npy$/i.test(path)
const arrayName = ({ path }: TreeEntry): string => baseName(path).replace(/\.npy$/i, '')
const isPair = (pair: { images?: TreeEntry; labels?: TreeEntry }): pair is { images: TreeEntry; labels: TreeEntry } =>
  pair.images !== undefined && pair.labels !== undefined

/** By names such as `x_train`, `trainImages`, `test-labels`; without a split they are training data. */
function findPairs(tree: Tree): Pairs {
  const pairs: Pairs = {}
  for (const entry of tree.entries.filter(isArray)) {
    const words = wordsOf(arrayName(entry))
    const split = words.map(splitOf).find(Boolean)
    const rest = words.filter(word => !splitOf(word)).join('_')
    const role = (['images', 'labels'] as const).find(name => roleWords[name].includes(rest))
    if (!role) continue
    const name = split ?? 'train'
    pairs[name] = { [role]: entry, ...pairs[name] }
  }
  return pairs
}

async function openArray(tree: Tree, entry: TreeEntry): Promise<StoredArray> {
  const name = tree.locate(entry)
  const header = readNpyHeader(await tree.readRange(entry, 0, npyHeaderSize), name)
  checkNpySize(header, entry.size, name)
  const { type, dims, isBigEndian, isFortran } = header
  const chunks = () => tree.chunks(entry)
  const rows =
    isFortran && dims.length > 1 && !dims.includes(0)
      ? { chunks: () => inRows({ ...header, chunks }), dataOffset: 0 }
      : { chunks, dataOffset: header.dataOffset }
  return { name, label: arrayName(entry), dims, type, typeName: nameOfType(type), isBigEndian, ...rows }
}

function noPair(tree: Tree): EspalierError {
  const names = tree.entries.filter(isArray).map(arrayName)
  const some = `${names.slice(0, 6).join(', ')}${names.length > 6 ? ', ...' : ''}`
  return new EspalierError({
    code: 'dataset.invalid',
    message: `${tree.path} has no pair of images and labels; its ${formatCount(names.length)} arrays are ${some}.`,
    file: tree.path,
    rule: 'Arrays are named x_train and y_train, train_images and train_labels, or alike.',
    hint: 'Save them under such names with numpy.savez.',
  })
}
