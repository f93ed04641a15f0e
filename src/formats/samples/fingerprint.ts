/** The identity of a data set's content. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { plural } from '../../shared/plural.ts'
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
const SETTLE_MS = 3000

/**
 * Of a folder: names, sizes and bytes of `used`, the files that matter. Of an archive: the bytes of the archive file,
 * whatever it is called; so packing the same files again makes another data set, but a copy is the same.
 * Above 2 GiB, names, sizes and 1,024 blocks of 64 KiB, evenly spread over all bytes; a note says so.
 * Options of the reader are part of it. With a cache directory, files that did not change since are not read again.
 */
export async function fingerprint(tree: Tree, used: readonly TreeEntry[], options: OpenOptions): Promise<Fingerprint> {
  const isArchive = tree.kind !== 'folder' && tree.kind !== 'file'
  const files = isArchive ? await openLoneFile(tree.path) : tree
  const entries = isArchive ? files.entries : used
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  const memo = memoPath(files, entries, options)
  const known = memo && (await readFile(memo, 'latin1').catch(() => null))
  const hash = known && isHash(known) ? known : await hashFiles(files, entries, total, !isArchive, options)
  if (memo && known !== hash) await remember(memo, hash)
  return { hash: withOptions(hash, options), notes: total > WHOLE ? [sampledNote] : [] }
}

/** The same files read otherwise are other data. */
function withOptions(hash: string, { reader = {} }: OpenOptions): string {
  const given = Object.entries(reader)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  if (given.length === 0) return hash
  return createHash('sha256')
    .update(`${hash} ${JSON.stringify(given)}`)
    .digest('hex')
}

const sampledNote: ImportNote = {
  kind: 'guessed',
  text: `The data is large: a change of content is told by names, sizes and ${plural(SAMPLES, 'sample')} of the bytes.`,
}

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/**
 * Where the hash of just these files is noted. Their change times are part of the name; nobody can set those back. Some
 * file systems count in steps of two seconds, so what changed a moment ago is not noted yet.
 */
function memoPath(tree: Tree, entries: readonly TreeEntry[], { cacheDirectory }: OpenOptions): string | null {
  const settled = Date.now() - SETTLE_MS
  if (cacheDirectory === undefined || !entries.every(({ changedAt = settled }) => changedAt < settled)) return null
  const key = createHash('sha256').update(resolve(tree.path))
  for (const { path, size, changedAt } of entries) key.update(`\0${path}\0${size}\0${changedAt}`)
  return join(cacheDirectory, 'fingerprints', key.digest('hex'))
}

/** Whole or not at all; only a saving, so a disk that is full or read-only is no fault here. */
async function remember(memo: string, hash: string): Promise<void> {
  const draft = `${memo}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(memo), { recursive: true })
    await writeFile(draft, hash)
    await rename(draft, memo)
  } catch {
    await rm(draft, { force: true })
  }
}

async function hashFiles(
  tree: Tree,
  entries: readonly TreeEntry[],
  total: number,
  isNamed: boolean,
  options: OpenOptions,
): Promise<string> {
  const hash = createHash('sha256')
  if (isNamed) hash.update(`${entries.map(({ path, size }) => `${path}\0${size}\0`).join('')}\0`)
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
  return hash.digest('hex')
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
