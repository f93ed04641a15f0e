/** A lock between processes, and between machines that share the folder. */
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { processExists } from '../../formats/process-exists.ts'

interface Owner {
  readonly pid: number
  readonly host: string
}

export interface LockOptions {
  /** Called once when another process holds the lock. */
  readonly onWait?: (owner: string) => void
  /** Milliseconds between two looks at a lock that is held. */
  readonly poll?: number
  /** A lock whose owner has not shown a sign of life for so many milliseconds is taken over. */
  readonly stale?: number
}

/**
 * Runs `work` while holding the lock `file`, waiting for whoever holds it now. The owner renews the file's time
 * while it works; a lock of a process that is gone (on this machine) or silent for `stale` is taken over.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { onWait, poll = 500, stale = 60_000 } = options
  await mkdir(dirname(file), { recursive: true })
  let waited = false
  while (!(await take(file))) {
    if ((await abandoned(file, stale)) && (await discard(file, stale))) continue
    if (!waited) onWait?.(describeOwner(await readOwner(file)))
    waited = true
    await new Promise(resolve => setTimeout(resolve, poll))
  }
  const renew = setInterval(() => {
    const now = new Date()
    utimes(file, now, now).catch(() => undefined)
  }, stale / 6)
  try {
    return await work()
  } finally {
    clearInterval(renew)
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx')
    await handle.writeFile(JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner))
    await handle.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function abandoned(file: string, stale: number): Promise<boolean> {
  const seen = await stat(file).catch(() => undefined)
  if (seen === undefined) return false
  if (Date.now() - seen.mtimeMs > stale) return true
  const owner = await readOwner(file)
  return owner !== undefined && owner.host === hostname() && !processExists(owner.pid)
}

/**
 * Removes an abandoned lock; whether it did. Of several processes that found it abandoned one may look again and remove
 * it: the others would remove the lock of whoever took it meanwhile.
 */
async function discard(file: string, stale: number): Promise<boolean> {
  const removing = `${file}.removing`
  if (!(await take(removing))) {
    if (await abandoned(removing, stale)) await rm(removing, { force: true })
    return false
  }
  try {
    if (!(await abandoned(file, stale))) return false
    await rm(file, { force: true })
    return true
  } finally {
    await rm(removing, { force: true })
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(file, 'utf8')) as Partial<Owner>
    return typeof owner.pid === 'number' && typeof owner.host === 'string' ? (owner as Owner) : undefined
  } catch {
    return undefined
  }
}

function describeOwner(owner: Owner | undefined): string {
  if (owner === undefined) return 'another process'
  return owner.host === hostname() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.host}`
}
