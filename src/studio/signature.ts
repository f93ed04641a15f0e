/** How a file or folder looks from outside: names, sizes and times. Equal signatures mean that it was not touched. */
import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileFault } from '../formats/file-faults.ts'

/** Throws `file.missing` if nothing is there. */
export async function fileSignature(path: string): Promise<string> {
  const found = await statOf(path)
  if (!found.isDirectory()) return describe(found)
  const hash = createHash('sha256')
  for (const entry of (await readdir(path, { withFileTypes: true, recursive: true })).sort(byPlace)) {
    if (entry.isDirectory()) continue
    const file = join(entry.parentPath, entry.name)
    hash.update(`${relative(path, file)}\0${await stat(file).then(describe, () => 'unreadable')}\n`)
  }
  return hash.digest('hex')
}

const describe = ({ size, mtimeMs, ino }: Stats) => `${size} ${mtimeMs} ${ino}`

const place = (entry: { parentPath: string; name: string }) => join(entry.parentPath, entry.name)
const byPlace = (a: { parentPath: string; name: string }, b: { parentPath: string; name: string }) =>
  place(a) < place(b) ? -1 : 1

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (cause) {
    throw fileFault(path, cause)
  }
}
