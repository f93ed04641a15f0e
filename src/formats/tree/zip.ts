/** A .zip (or .npz, which is one) as a tree; `codecs/zip.ts` decides what is safe. */
import { openZip, type ZipEntry } from '../codecs/zip.ts'
import { isHidden, sortEntries, type Tree, type TreeEntry } from './tree.ts'

export async function openZipTree(path: string): Promise<Tree> {
  const archive = await openZip(path)
  const files = archive.entries.filter(({ isDirectory, name }) => !isDirectory && !isHidden(name))
  const folders = archive.entries.filter(({ isDirectory, name }) => isDirectory && !isHidden(name))
  const inArchive = ({ path }: TreeEntry): ZipEntry => archive.find(path)!
  return {
    path,
    kind: 'zip',
    entries: sortEntries(files.map(({ name, size }) => ({ path: name, size }))),
    folders: folders.map(({ name }) => name.replace(/\/+$/, '')),
    notes: [],
    locate: entry => `${path}: ${entry.path}`,
    read: entry => archive.read(inArchive(entry)),
    async readRange(entry, start, length) {
      const into = new Uint8Array(Math.max(0, Math.min(length, entry.size - start)))
      let position = 0
      for await (const chunk of archive.chunks(inArchive(entry))) {
        const from = Math.max(0, start - position)
        if (from < chunk.length) {
          const at = position + from - start
          into.set(chunk.subarray(from, from + into.length - at), at)
        }
        position += chunk.length
        if (position >= start + into.length) break
      }
      return into
    },
    chunks: entry => archive.chunks(inArchive(entry)),
    close: () => archive.close(),
  }
}
