/**
 * Decoded samples on disk, for the next time: `<cacheDirectory>/decoded/<fingerprint>/` with `samples.bin` (raw samples,
 * one after the other) and `index.json`. Each is replaced whole, by a rename, the index last. Of the same data every
 * process makes the same two files, so several may do it at once. Beyond a limit the sets that were not used for longest go;
 * a set in use is marked by a file of the process that reads it, and stays.
 */
import { randomUUID } from 'node:crypto'
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ImportNote } from '../dataset.ts'
import { diskFault } from '../disk-faults.ts'
import { readExactly, writeAll } from '../file-io.ts'
import { decodedFolder, decodedLimit, markInUse, removeLeastUsed } from './kept-sets.ts'

/** Samples that can be read at a byte position. */
export interface SampleBytes {
  /** Fills `into` from byte `position` on. Throws `file.truncated`, `file.unreadable`. */
  read(position: number, into: Uint8Array): Promise<void>
  close(): Promise<void>
}

export interface DecodedIndex {
  /** Size of `samples.bin`. */
  readonly bytes: number
  /** [height, width, channels] */
  readonly shape: readonly number[]
  /** What decoding had to say. */
  readonly notes: readonly ImportNote[]
}

export interface DecodedDraft {
  append(samples: Uint8Array): Promise<void>
  /** Makes it visible under its fingerprint. Throws `disk.full`, `disk.read-only`. */
  commit(index: DecodedIndex): Promise<SampleBytes>
  discard(): Promise<void>
}

/** Raise it where images are decoded otherwise than before: what older versions kept is then made again. */
const VERSION = 2
const DAY_MS = 86_400_000

const indexSchema = z.strictObject({
  version: z.literal(VERSION),
  fingerprint: z.string(),
  bytes: z.int().min(0),
  shape: z.array(z.int().min(1)),
  notes: z.array(z.strictObject({ kind: z.enum(['matched', 'skipped', 'guessed']), text: z.string() })),
})

/** What an earlier session kept, or null where there is nothing whole for this fingerprint. */
export async function findDecoded(
  cacheDirectory: string,
  fingerprint: string,
): Promise<(DecodedIndex & { readonly samples: SampleBytes }) | null> {
  const folder = join(decodedFolder(cacheDirectory), fingerprint)
  const path = join(folder, 'samples.bin')
  const indexPath = join(folder, 'index.json')
  let release: (() => Promise<void>) | undefined
  try {
    const index = indexSchema.parse(JSON.parse(await readFile(indexPath, 'utf8')))
    release = await markInUse(folder)
    const { size } = await stat(path)
    if (index.fingerprint !== fingerprint || index.bytes !== size) throw new Error('it is not whole')
    const file = await open(path, 'r')
    const now = new Date()
    await utimes(indexPath, now, now).catch(() => {}) // when it was used last; a cache that may only be read is none the less one
    return { ...index, samples: fileSamples(file, path, release) }
  } catch {
    // Absent, damaged or of another version: all the same, it is made again.
    await release?.()
    return null
  }
}

/** Starts to keep samples. Throws `disk.full`, `disk.read-only`. */
export async function createDecoded(
  cacheDirectory: string,
  fingerprint: string,
  limit = decodedLimit,
): Promise<DecodedDraft> {
  const folder = join(decodedFolder(cacheDirectory), fingerprint)
  const draft = join(folder, `${randomUUID()}.tmp`)
  const draftIndex = join(folder, `${randomUUID()}.tmp`)
  let file: FileHandle
  try {
    await mkdir(folder, { recursive: true })
    await removeAbandoned(decodedFolder(cacheDirectory))
    file = await open(draft, 'wx')
  } catch (cause) {
    throw diskFault(folder, cause)
  }
  let size = 0
  return {
    async append(samples) {
      await writeAll(file, draft, samples, size)
      size += samples.length
    },
    async commit(index) {
      try {
        await file.sync()
        await file.close()
        await writeFile(draftIndex, JSON.stringify({ version: VERSION, fingerprint, ...index }))
        await rename(draft, join(folder, 'samples.bin'))
        await rename(draftIndex, join(folder, 'index.json'))
      } catch (cause) {
        throw diskFault(folder, cause)
      }
      const kept = await findDecoded(cacheDirectory, fingerprint)
      await removeLeastUsed(cacheDirectory, limit, fingerprint)
      if (kept) return kept.samples
      throw diskFault(folder, new Error('what was written is not there any more'))
    },
    async discard() {
      await file.close()
      await rm(draft, { force: true })
      await rm(draftIndex, { force: true })
      await rmdir(folder).catch(() => {}) // it holds what was kept before, or what another process makes
    },
  }
}

function fileSamples(file: FileHandle, path: string, release: () => Promise<void>): SampleBytes {
  return {
    read: (position, into) => readExactly(file, path, position, into),
    async close() {
      await file.close()
      await release()
    },
  }
}

/** Drafts of processes that died. A day is longer than any import takes. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root, { recursive: true })) {
    if (!name.endsWith('.tmp')) continue
    const path = join(root, name)
    const found = await stat(path).catch(() => null) // a draft of another process may be ready just now
    if (found && Date.now() - found.mtimeMs > DAY_MS) await rm(path, { force: true })
  }
}
