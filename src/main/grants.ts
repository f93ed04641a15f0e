/**
 * Files the person gave us: an opaque id for each path, which only this process can turn back. An id says nothing about
 * its path and cannot be guessed (128 random bits), so a window can name what it was given and nothing else.
 */
import { randomBytes } from 'node:crypto'
import { isAbsolute } from 'node:path'

export interface Grants {
  /** The same path always has the same id. null for what is no absolute path. */
  grant(path: string): string | null
  /** undefined for an id that was never given. */
  resolve(id: string): string | undefined
}

export function createGrants(): Grants {
  const paths = new Map<string, string>()
  const ids = new Map<string, string>()
  return {
    grant(path) {
      if (!isAbsolute(path) || path.includes('\0')) return null
      const known = ids.get(path)
      if (known) return known
      const id = randomBytes(16).toString('base64url')
      ids.set(path, id)
      paths.set(id, path)
      return id
    },
    resolve: id => paths.get(id),
  }
}
