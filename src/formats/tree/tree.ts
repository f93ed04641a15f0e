/** One view over a folder, a .zip or .npz, a .tar or .tar.gz and a lone file, so that each data set reader is written once. */
import type { ImportNote } from '../dataset.ts'

export interface TreeEntry {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  /** Uncompressed, in bytes. */
  readonly size: number
  /** When the system last saw the file or its properties change (ctime, ms since 1970); files on disk only. */
  readonly changedAt?: number
}

export interface Tree {
  /** As the person named it. */
  readonly path: string
  readonly kind: 'folder' | 'file' | 'zip' | 'tar'
  /** Files only, in code unit order of their paths; what systems hide in folders is left out. */
  readonly entries: readonly TreeEntry[]
  /** Paths of folders, those that hold nothing among them, where the tree tells of any. */
  readonly folders: readonly string[]
  readonly notes: readonly ImportNote[]
  /** The entry as a person would name it, for messages. */
  locate(entry: TreeEntry): string
  /** The whole entry. Throws `file.truncated`, `file.corrupt`. */
  read(entry: TreeEntry): Promise<Uint8Array>
  /** Bytes `start` to `start + length`, fewer where the entry ends before. */
  readRange(entry: TreeEntry, start: number, length: number): Promise<Uint8Array>
  /** The same in pieces of some 100 KiB, for entries that should not lie in memory at once. */
  chunks(entry: TreeEntry): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Files that operating systems and archivers leave behind, nobody's data. */
export function isHidden(path: string): boolean {
  return path
    .split('/')
    .some(part => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db' || part === 'desktop.ini')
}

export function sortEntries<T extends TreeEntry>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
/** The folder part of an entry's path, '' at the root. */
export const folderName = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
