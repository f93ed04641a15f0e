/** The identity of a data set's content. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { ImportNote, OpenOptions } from '../dataset.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { openLoneFile } from '../tree/folder.ts'
import type { Tree, TreeEntry } from '../tree/tree.ts'

export interface Fingerprint {
  /** SHA-256, hex. */
  readonly hash: string
  readonly notes: readonly ImportNote[]
}

/** Above this many bytes only samples of the content are hashed. */
const WHOLE = 2 ** 31
const SAMPLES = 1024
const SAMPLE = 64 * 1024
/** Small files read at once. */
const READS = 32
const SMALL = 2 ** 20

/**
 * Of a folder: names, sizes and bytes of `used`, the files that matter. Of an archive: the bytes of the archive file,
 * whatever it is called; so packing the same files again makes another data set, but a copy is the same.
 * Above 2 GiB, names, sizes and 1,024 blocks of 64 KiB, evenly spread over all bytes; a note says so.
 */
export async function fingerprint(tree: Tree, used: readonly TreeEntry[], options: OpenOptions): Promise<Fingerprint> {
  if (tree.kind === 'folder' || tree.kind === 'file') return hashFiles(tree, used, options)
  return hashFiles(await openLoneFile(tree.path), null, options)
}

async function hashFiles(tree: Tree, used: readonly TreeEntry[] | null, options: OpenOptions): Promise<Fingerprint> {
  const entries = used ?? tree.entries
  const hash = createHash('sha256')
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  if (used) hash.update(`${entries.map(({ path, size }) => `${path}\0${size}\0`).join('')}\0`)
  const isSampled = total > WHOLE
  const bytes = isSampled ? sampledBytes(tree, entries, total) : allBytes(tree, entries)
  const report = progressReporter(options)
  let done = 0
  for await (const piece of bytes) {
    throwIfStopped(options.signal, `Reading ${basename(tree.path)}`)
    hash.update(piece)
    done += piece.length
    report('Reading', done, isSampled ? SAMPLES * SAMPLE : total)
  }
  const note: ImportNote = {
    kind: 'guessed',
    text: `The data is large: a change of content is told by names, sizes and ${SAMPLES.toLocaleString('en-US')} samples of the bytes.`,
  }
  return { hash: hash.digest('hex'), notes: isSampled ? [note] : [] }
}

/** Small files are read several at once, which is what makes a folder of 60,000 images bearable. */
async function* allBytes(tree: Tree, entries: readonly TreeEntry[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (let next = 0; next < entries.length; ) {
    const small: TreeEntry[] = []
    while (small.length < READS && (entries[next + small.length]?.size ?? SMALL) < SMALL) {
      small.push(entries[next + small.length]!)
    }
    if (small.length > 0) yield* await Promise.all(small.map(entry => tree.read(entry)))
    else yield* tree.chunks(entries[next]!)
    next += Math.max(1, small.length)
  }
}

async function* sampledBytes(
  tree: Tree,
  entries: readonly TreeEntry[],
  total: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let entry = 0
  let start = 0
  for (let sample = 0; sample < SAMPLES; sample++) {
    const position = Math.floor((sample / (SAMPLES - 1)) * (total - SAMPLE))
    while (position >= start + entries[entry]!.size) start += entries[entry++]!.size
    yield await tree.readRange(entries[entry]!, position - start, SAMPLE)
  }
}
