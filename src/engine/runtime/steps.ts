import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Progress } from './progress.ts'

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
    .filter(entry => entry.isFile() || entry.isSymbolicLink())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}

/**
 * Reports how many bytes a folder has grown to while another program fills it: programs differ in how they show
 * their progress, and most show none to a program. Ends with the promise.
 */
export async function watchFolder<T>(folder: string, label: string, report: Progress, work: Promise<T>): Promise<T> {
  report({ label })
  const timer = setInterval(async () => {
    const done = await folderBytes(folder)
    if (done > 0) report({ label, done })
  }, 500)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Bytes of all files in a folder and below; files that vanish meanwhile count nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries.map(async entry => {
    if (!entry.isFile()) return 0
    return (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
