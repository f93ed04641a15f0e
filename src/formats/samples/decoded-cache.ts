/**
 * Decoded samples on disk, for the next time: `<cacheDirectory>/decoded/<fingerprint>/` with `samples.bin` (raw samples,
 * one after the other) and `index.json`. Such a folder appears whole, by a rename, or not at all.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ImportNote } from '../dataset.ts'
import { diskFault } from '../disk-faults.ts'
import { readExactly, writeAll } from '../file-io.ts'

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
const VERSION = 1
const DAY_MS = 86_400_000

const indexSchema = z.strictObject({
  version: z.literal(VERSION),
  fingerprint: z.string(),
  bytes: z.int().min(0),
  shape: z.array(z.int().min(1)),
  notes: z.array(z.strictObject({ kind: z.enum(['matched', 'skipped', 'guessed']), text: z.string() })),
})

const decodedFolder = (cacheDirectory: string): string => join(cacheDirectory, 'decoded')

/** What an earlier session kept, or null where there is nothing whole for this fingerprint. */
export async function findDecoded(
  cacheDirectory: string,
  fingerprint: string,
): Promise<(DecodedIndex & { readonly samples: SampleBytes }) | null> {
  const folder = join(decodedFolder(cacheDirectory), fingerprint)
  const path = join(folder, 'samples.bin')
  try {
    const index = indexSchema.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')))
    const { size } = await stat(path)
    if (index.fingerprint !== fingerprint || index.bytes !== size) return null
    return { ...index, samples: fileSamples(await open(path, 'r'), path) }
  } catch {
    // Absent, damaged or of another version: all the same, it is made again.
    return null
  }
}

/** Starts to keep samples. Throws `disk.full`, `disk.read-only`. */
export async function createDecoded(cacheDirectory: string, fingerprint: string): Promise<DecodedDraft> {
  const root = decodedFolder(cacheDirectory)
  const draft = join(root, `${fingerprint}.${randomUUID()}.tmp`)
  const path = join(draft, 'samples.bin')
  let file: FileHandle
  try {
    await mkdir(draft, { recursive: true })
    await removeAbandoned(root)
    file = await open(path, 'wx')
  } catch (cause) {
    throw diskFault(root, cause)
  }
  let size = 0
  return {
    async append(samples) {
      await writeAll(file, path, samples, size)
      size += samples.length
    },
    async commit(index) {
      try {
        await file.sync()
        await file.close() // Windows renames no folder with an open file in it
        await writeFile(join(draft, 'index.json'), JSON.stringify({ version: VERSION, fingerprint, ...index }))
        return await publish(cacheDirectory, fingerprint, draft)
      } catch (cause) {
        throw diskFault(root, cause)
      }
    },
    async discard() {
      await file.close()
      await rm(draft, { recursive: true, force: true })
    },
  }
}

/** What another process made of the same data in the meantime is as good as ours; what is damaged makes way. */
async function publish(cacheDirectory: string, fingerprint: string, draft: string): Promise<SampleBytes> {
  const final = join(decodedFolder(cacheDirectory), fingerprint)
  const others = await findDecoded(cacheDirectory, fingerprint)
  let failure: unknown
  if (!others) {
    await rm(final, { recursive: true, force: true })
    await rename(draft, final).catch(cause => {
      failure = cause // which does no harm where the other process was faster by just now
    })
  }
  const kept = others ?? (await findDecoded(cacheDirectory, fingerprint))
  if (!kept) throw failure ?? new Error('kept samples cannot be read back')
  await rm(draft, { recursive: true, force: true })
  return kept.samples
}

function fileSamples(file: FileHandle, path: string): SampleBytes {
  return { read: (position, into) => readExactly(file, path, position, into), close: () => file.close() }
}

/** Drafts of processes that died. A day is longer than any import takes. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.endsWith('.tmp')) continue
    const path = join(root, name)
    const found = await stat(path).catch(() => null) // a draft of another process may be ready just now
    if (found && Date.now() - found.mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true })
  }
}
