/** Whole reads and writes at a position: the system may do less than it is asked for. */
import type { FileHandle } from 'node:fs/promises'
import { diskFault } from './disk-faults.ts'
import { cutShort, fileFault } from './file-faults.ts'

/** One system call moves at most 2 GiB. */
const MOST = 2 ** 30

/** Fills `into` with the bytes from `position` on. `path` is for messages. Throws `file.truncated`, `file.unreadable`. */
export async function readExactly(file: FileHandle, path: string, position: number, into: Uint8Array): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(MOST, into.length - done)
    const { bytesRead } = await file
      .read(into, done, length, position + done)
      .catch(cause => Promise.reject(fileFault(path, cause)))
    if (bytesRead === 0) throw cutShort(path, `it ends at byte ${position + done} of ${position + into.length}`)
    done += bytesRead
  }
}

/** Throws `disk.full`, `disk.read-only`. */
export async function writeAll(file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(MOST, bytes.length - done)
    const { bytesWritten } = await file
      .write(bytes, done, length, position + done)
      .catch(cause => Promise.reject(diskFault(path, cause)))
    done += bytesWritten
  }
}
