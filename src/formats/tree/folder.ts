/** A folder on disk, or one file of it, as a tree. */
import { createReadStream } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EspalierError } from '../../shared/errors.ts'
import type { ImportNote, OpenOptions } from '../dataset.ts'
import { fileFault } from '../file-faults.ts'
import { throwIfStopped } from '../progress.ts'
import { isHidden, sortEntries, type Tree, type TreeEntry } from './tree.ts'

const CHUNK = 256 * 1024
const MAX_ENTRIES = 5_000_000
/** `stat` calls under way at once. */
const STATS = 64

/** Every file below the folder. Links to files are followed; links to folders are not, as they may go round in circles. */
export async function openFolder(path: string, options: OpenOptions): Promise<Tree> {
  const paths: string[] = []
  let linkedFolders = 0
  const folders: string[] = []
  const waiting = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    throwIfStopped(options.signal, `Listing ${path}`)
    const absolute = join(path, folder)
    for (const item of await readdir(absolute, { withFileTypes: true }).catch(rejectWith(absolute))) {
      if (isHidden(item.name)) continue
      const relative = folder === '' ? item.name : `${folder}/${item.name}`
      if (item.isDirectory()) {
        folders.push(relative)
        waiting.push(relative)
      } else paths.push(relative)
    }
    if (paths.length > MAX_ENTRIES) throw tooMany(path)
  }

  const entries: TreeEntry[] = []
  for (let start = 0; start < paths.length; start += STATS) {
    throwIfStopped(options.signal, `Listing ${path}`)
    const some = paths.slice(start, start + STATS)
    const stats = await Promise.all(some.map(async relative => stat(join(path, relative)).catch(() => null)))
    for (const [index, found] of stats.entries()) {
      if (found?.isFile()) entries.push({ path: some[index]!, size: found.size, changedAt: found.ctimeMs })
      else if (found?.isDirectory()) linkedFolders++
    }
  }
  const notes: ImportNote[] = []
  if (linkedFolders > 0)
    notes.push({ kind: 'skipped', text: `${linkedFolders} links to other folders were not followed.` })
  return { ...tree(path, path, 'folder', sortEntries(entries), notes), folders }
}

export async function openLoneFile(path: string): Promise<Tree> {
  const { size, ctimeMs } = await stat(path).catch(rejectWith(path))
  return tree(path, dirname(path), 'file', [{ path: basename(path), size, changedAt: ctimeMs }], [])
}

const rejectWith = (path: string) => (cause: unknown) => Promise.reject(fileFault(path, cause))

function tree(path: string, root: string, kind: Tree['kind'], entries: TreeEntry[], notes: ImportNote[]): Tree {
  const locate = (entry: TreeEntry): string => join(root, entry.path)
  return {
    path,
    kind,
    entries,
    folders: [],
    notes,
    locate,
    read: entry => readFile(locate(entry)).catch(rejectWith(locate(entry))),
    async readRange(entry, start, length) {
      const file = await open(locate(entry), 'r').catch(rejectWith(locate(entry)))
      try {
        const into = new Uint8Array(Math.max(0, Math.min(length, entry.size - start)))
        const { bytesRead } = await file.read(into, 0, into.length, start)
        return into.subarray(0, bytesRead)
      } catch (cause) {
        throw fileFault(locate(entry), cause)
      } finally {
        await file.close()
      }
    },
    async *chunks(entry) {
      try {
        yield* createReadStream(locate(entry), { highWaterMark: CHUNK })
      } catch (cause) {
        throw fileFault(locate(entry), cause)
      }
    },
    close: async () => {},
  }
}

const tooMany = (path: string): EspalierError =>
  new EspalierError({
    code: 'file.too-large',
    message: `${path} holds more than ${MAX_ENTRIES} files.`,
    file: path,
    hint: 'Choose the folder of the data set itself.',
  })
