/** Where decoded samples lie once a reader has made them: in memory up to the budget, else in a file. */
import type { ImportNote, OpenOptions } from '../dataset.ts'
import { createDecoded, type DecodedDraft, findDecoded, type SampleBytes } from './decoded-cache.ts'
import { createSpool } from './spool.ts'

export interface StoredSamples {
  readonly samples: SampleBytes
  /** [height, width, channels] */
  readonly shape: readonly number[]
  readonly notes: readonly ImportNote[]
}

export interface StoreRequest {
  readonly fingerprint: string
  /** Size of all samples together. */
  readonly bytes: number
  readonly shape: readonly number[]
  /** True where samples were costly to make, so that they are kept even when they fit in memory. */
  readonly isCostly: boolean
}

/** Appends all samples in order, `bytes` in all; returns what the import report should say about them. */
export type FillSamples = (append: (samples: Uint8Array) => Promise<void>) => Promise<ImportNote[]>

export const defaultMemoryBudget = 2 ** 30

/** What an earlier session kept, or null. */
export async function findSamples(fingerprint: string, options: OpenOptions): Promise<StoredSamples | null> {
  const { cacheDirectory, memoryBudget = defaultMemoryBudget } = options
  const found = cacheDirectory === undefined ? null : await findDecoded(cacheDirectory, fingerprint)
  if (!found || found.bytes > memoryBudget) return found
  const memory = new Uint8Array(found.bytes)
  try {
    await found.samples.read(0, memory)
  } finally {
    await found.samples.close()
  }
  return { ...found, samples: inMemory(memory) }
}

/**
 * Runs `fill` and keeps what it appends. Where samples that fit in memory cannot be kept on disk as well, a note says
 * so and that is all. Throws `disk.full`, `disk.read-only` and what `fill` throws; nothing half-written stays behind.
 */
export async function storeSamples(
  request: StoreRequest,
  options: OpenOptions,
  fill: FillSamples,
): Promise<StoredSamples> {
  const { cacheDirectory, memoryBudget = defaultMemoryBudget } = options
  const { bytes, shape, fingerprint } = request
  if (bytes > memoryBudget) {
    const draft = cacheDirectory === undefined ? await temporary() : await createDecoded(cacheDirectory, fingerprint)
    return intoDraft(draft, request, fill)
  }
  const memory = new Uint8Array(bytes)
  let done = 0
  const notes = await fill(async samples => {
    memory.set(samples, done)
    done += samples.length
  })
  checkSize(done, request)
  const samples = inMemory(memory)
  if (cacheDirectory === undefined || !request.isCostly) return { samples, shape, notes }
  try {
    const kept = await intoDraft(await createDecoded(cacheDirectory, fingerprint), request, async append => {
      await append(memory)
      return notes
    })
    await kept.samples.close()
    return { samples, shape, notes }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const note: ImportNote = { kind: 'skipped', text: `Decoded samples were not kept for the next time: ${why}` }
    return { samples, shape, notes: [...notes, note] }
  }
}

async function intoDraft(draft: DecodedDraft, request: StoreRequest, fill: FillSamples): Promise<StoredSamples> {
  const { bytes, shape } = request
  let done = 0
  try {
    const notes = await fill(async samples => {
      await draft.append(samples)
      done += samples.length
    })
    checkSize(done, request)
    return { samples: await draft.commit({ bytes, shape, notes }), shape, notes }
  } catch (error) {
    await draft.discard()
    throw error
  }
}

/** A draft that is never kept: the file is gone when it is closed. */
async function temporary(): Promise<DecodedDraft> {
  const spool = await createSpool()
  return { append: spool.append, commit: async () => spool, discard: spool.close }
}

const inMemory = (memory: Uint8Array): SampleBytes => ({
  async read(position, into) {
    if (position + into.length > memory.length) throw new RangeError(`read past the ${memory.length} stored bytes`)
    into.set(memory.subarray(position, position + into.length))
  },
  close: async () => {},
})

/** A reader that gives another number of bytes than it announced is a fault of ours, not of the file. */
function checkSize(done: number, { bytes }: StoreRequest): void {
  if (done !== bytes) throw new Error(`a reader gave ${done} bytes where it announced ${bytes}`)
}
