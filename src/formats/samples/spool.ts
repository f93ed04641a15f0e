/** A temporary file for bytes that are too many for memory. It is gone when it is closed, or when the process dies. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFault } from '../disk-faults.ts'
import { readExactly, writeAll } from '../file-io.ts'

export interface Spool {
  /** Bytes written so far. */
  readonly size: number
  append(bytes: Uint8Array): Promise<void>
  /** Fills `into` from `position`. Throws `file.truncated` past the end. */
  read(position: number, into: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Throws `disk.full`, `disk.read-only`. `directory` is made where it does not exist; default: the system's. */
export async function createSpool(directory = tmpdir()): Promise<Spool> {
  const path = join(directory, `espalier-${randomUUID()}.tmp`)
  let file: FileHandle
  try {
    await mkdir(directory, { recursive: true })
    file = await open(path, 'wx+', 0o600)
    // Without a name the system takes the space back even if we crash. Windows does not delete open files.
    if (process.platform !== 'win32') await rm(path)
  } catch (cause) {
    throw diskFault(directory, cause)
  }
  let size = 0
  return {
    get size() {
      return size
    },
    async append(bytes) {
      const position = size
      size += bytes.length
      await writeAll(file, path, bytes, position)
    },
    read: (position, into) => readExactly(file, path, position, into),
    async close() {
      await file.close()
      if (process.platform === 'win32') await rm(path, { force: true })
    },
  }
}
