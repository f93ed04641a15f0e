/** Which sets of decoded samples are kept: as many as fit, those that were used last; one that is in use stays. */
import { randomUUID } from 'node:crypto'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { processExists } from '../process-exists.ts'

/** Bytes that all kept samples together may have; the set that was kept last may exceed it alone. */
export const decodedLimit = 20 * 2 ** 30
const DAY_MS = 86_400_000

export const decodedFolder = (cacheDirectory: string): string => join(cacheDirectory, 'decoded')

/** Returns the way to take the mark away. A cache that may only be read needs none: nothing is removed from it. */
export async function markInUse(folder: string): Promise<() => Promise<void>> {
  const mark = join(folder, `${hostname()}.${process.pid}.${randomUUID()}.open`)
  await writeFile(mark, '').catch(() => {})
  return () => rm(mark, { force: true }).catch(() => {})
}

/** By a process that is there; of another machine that is not known, so a mark counts for a day. Marks that do not count go. */
async function isInUse(folder: string): Promise<boolean> {
  for (const name of await readdir(folder)) {
    const [, host, pid] = /^(.*)\.(\d+)\.[0-9a-f-]{36}\.open$/.exec(name) ?? []
    if (host === undefined) continue
    const mark = join(folder, name)
    if (host === hostname() ? processExists(Number(pid)) : Date.now() - (await timeOf(mark)) < DAY_MS) return true
    await rm(mark, { force: true })
  }
  return false
}

const timeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )

interface KeptSet {
  readonly fingerprint: string
  readonly folder: string
  readonly bytes: number
  /** ms since 1970 */
  readonly usedAt: number
}

/** What is kept, the least recently used first. */
export async function keptSets(cacheDirectory: string): Promise<KeptSet[]> {
  const root = decodedFolder(cacheDirectory)
  const names = await readdir(root).catch(() => [])
  const sets = await Promise.all(
    names.map(async fingerprint => {
      const folder = join(root, fingerprint)
      const samples = await stat(join(folder, 'samples.bin')).catch(() => null)
      return { fingerprint, folder, bytes: samples?.size ?? 0, usedAt: await timeOf(join(folder, 'index.json')) }
    }),
  )
  return sets.filter(({ bytes }) => bytes > 0).sort((a, b) => a.usedAt - b.usedAt)
}

/** Only a saving of space: what cannot be removed, such as files that Windows has open, stays for another time. */
export async function removeLeastUsed(cacheDirectory: string, limit: number, newest: string): Promise<void> {
  const sets = await keptSets(cacheDirectory)
  let total = sets.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { fingerprint, folder, bytes } of sets) {
    if (total <= limit) return
    if (fingerprint === newest || (await isInUse(folder).catch(() => true))) continue
    try {
      // The index first: who looks now finds nothing, instead of half of it.
      await rm(join(folder, 'index.json'), { force: true })
      await rm(folder, { recursive: true, force: true })
      total -= bytes
    } catch {}
  }
}
