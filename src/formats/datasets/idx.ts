/** MNIST and its relatives: IDX files of images and labels, plain or gzipped. */
import { EspalierError } from '../../shared/errors.ts'
import { openArrays } from '../arrays/dataset.ts'
import type { NumberType } from '../arrays/numbers.ts'
import { type LabelledArrays, nameOfType, type StoredArray } from '../arrays/stored-array.ts'
import { gunzip } from '../codecs/gunzip.ts'
import { checkIdxSize, type IdxHeader, type IdxType, idxHeaderSize, readIdxHeader } from '../codecs/idx.ts'
import type { ImportNote, SplitName } from '../dataset.ts'
import type { DatasetReader } from '../dataset-reader.ts'
import { baseName, type Tree, type TreeEntry } from '../tree/tree.ts'

/** `train-images-idx3-ubyte`, `emnist-letters-test-labels.idx1-ubyte.gz`. */
const pattern = /^(.*?)(train|t10k|test)[-_.](images?|labels?)[-_.]idx\d[-_.]ubyte(\.gz)?$/i

const types: Readonly<Record<IdxType, NumberType>> = { u8: 'u1', i8: 'i1', i16: 'i2', i32: 'i4', f32: 'f4', f64: 'f8' }

/** Deflate cannot do better (RFC 1951: 258 bytes in 2 bits). */
const MAX_GZIP_RATIO = 1032

type Role = 'images' | 'labels'
type Files = Partial<Record<SplitName, Partial<Record<Role, TreeEntry>>>>

export const idx: DatasetReader = {
  id: 'idx',
  label: 'IDX (MNIST)',
  looksFor: 'train-images-idx3-ubyte, train-labels-idx1-ubyte and the same for t10k (MNIST), also with .gz',
  match: tree => (tree.entries.some(({ path }) => pattern.test(baseName(path))) ? 0.9 : 0),

  async open(tree, options) {
    const files = findFiles(tree)
    const splits: Partial<Record<SplitName, LabelledArrays>> = {}
    const used: TreeEntry[] = []
    const notes: ImportNote[] = []
    for (const name of ['train', 'test'] as const) {
      const { images, labels } = files[name] ?? {}
      if (!images && !labels) continue
      if (!images || !labels) throw unpaired(tree, (images ?? labels)!, images ? 'labels' : 'images')
      splits[name] = { images: await openArray(tree, images), labels: await openArray(tree, labels) }
      used.push(images, labels)
    }
    return openArrays({ format: 'idx', tree, splits, used, notes }, options)
  },
}

/** The set of files with the commonest prefix; a plain file goes before its gzipped copy. */
function findFiles(tree: Tree): Files {
  const sets = new Map<string, { count: number; files: Files }>()
  for (const entry of tree.entries) {
    const [, prefix = '', split, role, gz] = pattern.exec(baseName(entry.path)) ?? []
    if (split === undefined || role === undefined) continue
    const set = sets.get(prefix) ?? { count: 0, files: {} }
    sets.set(prefix, set)
    const name: SplitName = split.toLowerCase() === 'train' ? 'train' : 'test'
    const files = set.files[name] ?? {}
    set.files[name] = files
    const key: Role = role.toLowerCase().startsWith('image') ? 'images' : 'labels'
    if (!files[key]) set.count++
    if (!files[key] || !gz) files[key] = entry
  }
  return [...sets.values()].sort((a, b) => b.count - a.count)[0]!.files
}

async function openArray(tree: Tree, entry: TreeEntry): Promise<StoredArray> {
  const name = tree.locate(entry)
  const isGzipped = /\.gz$/i.test(entry.path)
  const bytes = (): AsyncIterable<Uint8Array> =>
    isGzipped ? gunzip(tree.chunks(entry), name, entry.size) : tree.chunks(entry)
  const header = readIdxHeader(await firstBytes(bytes(), idxHeaderSize), name)
  const { dims, valueSize, dataOffset } = header
  const expected = dims.reduce((product, dim) => product * dim, valueSize)
  // What the header claims is believed, and memory given, only as far as the file could hold it.
  if (!isGzipped || expected > entry.size * MAX_GZIP_RATIO) checkIdxSize(header, entry.size, name)
  const type = types[header.type]
  return {
    name,
    label: baseName(entry.path),
    dims,
    type,
    typeName: nameOfType(type),
    isBigEndian: true,
    dataOffset,
    chunks: () => counted(bytes(), header, name),
  }
}

async function firstBytes(chunks: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const head: number[] = []
  for await (const chunk of chunks) {
    head.push(...chunk.subarray(0, length - head.length))
    if (head.length === length) break
  }
  return Uint8Array.from(head)
}

/** The size of a gzipped file shows at its end only. */
async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  header: IdxHeader,
  name: string,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    yield chunk
  }
  checkIdxSize(header, size, name)
}

function unpaired(tree: Tree, entry: TreeEntry, missing: Role): EspalierError {
  return new EspalierError({
    code: 'dataset.invalid',
    message: `${tree.locate(entry)} has no file of ${missing} beside it.`,
    file: tree.locate(entry),
    rule: 'IDX images and labels come in pairs, such as train-images-idx3-ubyte and train-labels-idx1-ubyte.',
    hint: 'Choose the folder that holds all files.',
  })
}
