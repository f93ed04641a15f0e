/** Which kind of tree a path is, told by its content. */
import { open, stat } from 'node:fs/promises'
import { gunzipFile, isGzip } from '../codecs/gunzip.ts'
import { isTar } from '../codecs/tar.ts'
import type { OpenOptions } from '../dataset.ts'
import { fileFault } from '../file-faults.ts'
import { openFolder, openLoneFile } from './folder.ts'
import { openTarTree } from './tar.ts'
import type { Tree } from './tree.ts'
import { openZipTree } from './zip.ts'

/** Throws `file.missing`, `file.unreadable` and what the archives throw. */
export async function openTree(path: string, options: OpenOptions): Promise<Tree> {
  const found = await stat(path).catch(cause => Promise.reject(fileFault(path, cause)))
  if (found.isDirectory()) return openFolder(path, options)
  // A named pipe would keep whoever opens it waiting.
  if (!found.isFile()) throw fileFault(path, new Error('it is not a file'))
  const head = await readHead(path)
  if (head[0] === 0x50 && head[1] === 0x4b) return openZipTree(path)
  if (isTar(head)) return openTarTree(path, false, options)
  if (isGzip(head) && isTar(await unpackedHead(path))) return openTarTree(path, true, options)
  return openLoneFile(path)
}

export const isArchiveName = (path: string): boolean => /\.(zip|npz|tar|tar\.gz|tgz)$/i.test(path)

async function readHead(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r')
    try {
      const head = new Uint8Array(512)
      const { bytesRead } = await file.read(head, 0, head.length, 0)
      return head.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw fileFault(path, cause)
  }
}

async function unpackedHead(path: string): Promise<Uint8Array> {
  for await (const piece of gunzipFile(path)) return piece.subarray(0, 512)
  return new Uint8Array()
}
