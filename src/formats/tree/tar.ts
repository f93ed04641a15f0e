/**
 * A .tar or .tar.gz as a tree. Neither can be read at a position through its compression, and readers want a file's
 * head before the rest; so the contents are unpacked once, to a temporary file. Not to memory: the decoded samples
 * will need that. Not to the cache: unpacking CIFAR-10 takes a second, and what is costly to make, decoded images,
 * is kept elsewhere.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { gunzipFile } from '../codecs/gunzip.ts'
import { unpackTar } from '../codecs/tar.ts'
import type { ImportNote, OpenOptions } from '../dataset.ts'
import { fileFault } from '../file-faults.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { createSpool, type Spool } from '../samples/spool.ts'
import { isHidden, sortEntries, type Tree, type TreeEntry } from './tree.ts'

const CHUNK = 256 * 1024

interface SpooledEntry extends TreeEntry {
  readonly position: number
}

export async function openTarTree(path: string, isGzipped: boolean, options: OpenOptions): Promise<Tree> {
  const { size } = await stat(path).catch(cause => Promise.reject(fileFault(path, cause)))
  const report = progressReporter(options)
  const spool = await createSpool(options.cacheDirectory)
  try {
    const bytes = isGzipped ? gunzipFile(path) : createReadStream(path, { highWaterMark: CHUNK })
    const { files, folders, ignored } = await unpackTar(path, bytes, async piece => {
      throwIfStopped(options.signal, `Unpacking ${path}`)
      await spool.append(piece)
      report('Unpacking', spool.size, Math.max(size, spool.size))
    })
    let position = 0
    const entries: SpooledEntry[] = []
    for (const file of files) {
      if (!isHidden(file.name)) entries.push({ path: file.name, size: file.size, position })
      position += file.size
    }
    const notes: ImportNote[] = []
    if (ignored > 0)
      notes.push({ kind: 'skipped', text: `${ignored} links or special files of the archive were ignored.` })
    return tree(path, spool, { entries: sortEntries(entries), folders: folders.filter(name => !isHidden(name)), notes })
  } catch (error) {
    await spool.close()
    throw error
  }
}

function tree(
  path: string,
  spool: Spool,
  { entries, folders, notes }: Pick<Tree, 'folders' | 'notes'> & { readonly entries: readonly SpooledEntry[] },
): Tree {
  const positions = new Map(entries.map(({ path, position }) => [path, position]))
  const readRange = async (entry: TreeEntry, start: number, length: number): Promise<Uint8Array> => {
    const into = new Uint8Array(Math.max(0, Math.min(length, entry.size - start)))
    await spool.read(positions.get(entry.path)! + start, into)
    return into
  }
  return {
    path,
    kind: 'tar',
    entries,
    folders,
    notes,
    locate: entry => `${path}: ${entry.path}`,
    read: entry => readRange(entry, 0, entry.size),
    readRange,
    async *chunks(entry) {
      for (let start = 0; start < entry.size; start += CHUNK) yield await readRange(entry, start, CHUNK)
    },
    close: () => spool.close(),
  }
}
