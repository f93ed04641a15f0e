/** Writes a file whole or not at all. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { diskFault } from './disk-faults.ts'
import { writeAll } from './file-io.ts'

/**
 * Replaces `path` by `bytes` in one step: a temporary file in the same folder is written, forced to the disk and
 * renamed. After a failure `path` is what it was, and the temporary file is gone. Throws `disk.full`, `disk.read-only`.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await writeAll(file, path, bytes, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined) // the first fault is the one to tell
    throw diskFault(path, cause)
  }
  await syncFolder(folder)
}

/** Makes the rename itself last, where the system lets a folder be opened (Windows does not, nor a folder without read access). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
