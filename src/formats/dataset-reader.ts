/** What a data set reader has to be; one lives in each file of `datasets/`. */
import { count as formatCount } from '../shared/plural.ts'
import type { ReaderOption } from '../shared/reader-options.ts'
import type { Dataset, ImportNote, OpenOptions } from './dataset.ts'
import type { Tree, TreeEntry } from './tree/tree.ts'

export interface DatasetReader {
  /** Permanent. */
  readonly id: string
  readonly label: string
  /** The files it needs, for the message about a path that no reader knows. */
  readonly looksFor: string
  /** The options it takes; absent: none. */
  readonly options?: readonly ReaderOption[]
  /** How sure the reader is, cheaply: 0 (not mine) to 1. The surest reader opens the tree. */
  match(tree: Tree): number
  open(tree: Tree, options: OpenOptions): Promise<Dataset>
}

export { formatCount }

/** The note about files of a tree that a reader had no use for. */
export function unusedNote(tree: Tree, used: Iterable<TreeEntry>): ImportNote[] {
  const isUsed = new Set(used)
  const unused = tree.entries.filter(entry => !isUsed.has(entry)).map(({ path }) => path)
  if (unused.length === 0) return []
  const count = unused.length === 1 ? '1 file was' : `${formatCount(unused.length)} files were`
  const more = unused.length > 3 ? ', ...' : ''
  return [{ kind: 'skipped', text: `${count} not used: ${unused.slice(0, 3).join(', ')}${more}.` }]
}
