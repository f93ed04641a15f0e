/** The data set readers: one file a reader in `datasets/`, one line here. */
import { EspalierError } from '../shared/errors.ts'
import type { ReaderOption } from '../shared/reader-options.ts'
import type { Dataset, OpenOptions, Split, SplitName } from './dataset.ts'
import { type DatasetReader, formatCount } from './dataset-reader.ts'
import { cifarBinary } from './datasets/cifar-binary.ts'
import { cifarPython } from './datasets/cifar-python.ts'
import { classFolders } from './datasets/class-folders.ts'
import { glyphs } from './datasets/glyphs.ts'
import { idx } from './datasets/idx.ts'
import { npz } from './datasets/npz.ts'
import { table } from './datasets/table.ts'
import { uciHar } from './datasets/uci-har.ts'
import { unknownFormat } from './file-faults.ts'
import { isArchiveName, openTree } from './tree/open-tree.ts'
import type { Tree } from './tree/tree.ts'

export type * from './dataset.ts'
export type { DatasetReader } from './dataset-reader.ts'

export const datasetReaders: readonly DatasetReader[] = [
  cifarBinary,
  cifarPython,
  idx,
  npz,
  classFolders,
  uciHar,
  table,
  glyphs,
]

/**
 * Opens a data set by the reader that its content fits best. A folder that holds nothing a reader knows but one
 * archive is that archive. Close the result.
 * Throws `file.missing`, `file.unreadable`, `file.unknown-format`, `file.truncated`, `file.corrupt`, `archive.*`,
 * `dataset.*`, `disk.*`, and `run.stopped` on `options.signal`.
 */
export async function openDataset(path: string, options: OpenOptions = {}): Promise<Dataset> {
  const tree = await openTree(path, options)
  let isKept = false
  try {
    const reader = surestReader(tree)
    if (reader) {
      requireOptions(reader, path, options)
      const dataset = await reader.open(tree, options)
      isKept = dataset.needsFiles === true
      return dataset
    }
    const archives = tree.entries.filter(entry => isArchiveName(entry.path))
    if (tree.kind === 'folder' && archives.length === 1) {
      return await openDataset(tree.locate(archives[0]!), options)
    }
    throw await notRecognised(tree)
  } finally {
    if (!isKept) await tree.close()
  }
}

/** Throws `argument.invalid` for an option that would be ignored. */
function requireOptions({ label, options = [] }: DatasetReader, path: string, { reader = {} }: OpenOptions): void {
  const strange = (Object.keys(reader) as ReaderOption[]).find(
    key => reader[key] !== undefined && !options.includes(key),
  )
  if (strange === undefined) return
  const taken = options.length > 0 ? `only ${options.join(', ')}` : 'none of them'
  throw new EspalierError({
    code: 'argument.invalid',
    message: `data.reader.${strange} is nothing that data of the form "${label}" takes (${path}).`,
    file: path,
    rule: `Of the reader's options this form takes ${taken}.`,
    hint: `Leave data.reader.${strange} out.`,
  })
}

/** The reader that would open this content, or null; for telling data sets from checkpoints. Never reads samples. */
export function surestReader(tree: Tree): DatasetReader | null {
  const rated = datasetReaders.map(reader => ({ reader, certainty: reader.match(tree) }))
  const [surest] = rated.sort((a, b) => b.certainty - a.certainty)
  return surest && surest.certainty > 0 ? surest.reader : null
}

/** Throws `dataset.no-split` where the data set does not have the split. `path` is for the message. */
export function requireSplit(dataset: Dataset, name: SplitName, path = 'The data set'): Split {
  const split = dataset.splits[name]
  if (split) return split
  const there = Object.keys(dataset.splits).join(' and ')
  throw new EspalierError({
    code: 'dataset.no-split',
    message: `${path} has no ${name} split, only ${there}.`,
    file: path,
    hint: `Choose a data set with ${name} samples, or a stage that does not need them.`,
  })
}

async function notRecognised(tree: Tree): Promise<EspalierError> {
  const { path, entries } = tree
  const rule = `A data set is one of: ${datasetReaders.map(({ looksFor }) => looksFor).join('; ')}.`
  if (entries.length === 0) {
    return new EspalierError({ code: 'dataset.empty', message: `${path} holds no file.`, file: path, rule })
  }
  if (tree.kind === 'file') {
    const { message } = unknownFormat(path, await tree.readRange(entries[0]!, 0, 24), 'a data set')
    return new EspalierError({ code: 'file.unknown-format', message, file: path, rule })
  }
  const some = entries
    .slice(0, 3)
    .map(entry => entry.path)
    .join(', ')
  const found = entries.length > 3 ? `${formatCount(entries.length)} files such as ${some}` : `only ${some}`
  return new EspalierError({
    code: 'file.unknown-format',
    message: `No data set is recognised in ${path}: it holds ${found}.`,
    file: path,
    rule,
  })
}
