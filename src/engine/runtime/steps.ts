import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'

/**
 * Runs one step of a build at most once: `make` fills a folder that gets its final name only when all is in it,
 * so a step that was interrupted starts again and a step that was finished is never redone.
 * Returns the folder.
 */
export async function once(staging: string, name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(staging, name)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.part`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  await make(unfinished)
  await rename(unfinished, folder)
  return folder
}

/** The files in a folder and below, relative to it with forward slashes, sorted. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}
