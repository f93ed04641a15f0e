/** Paths that a window may name by an opaque id. They live as long as the server. */
import { randomUUID } from 'node:crypto'

export interface Grants {
  readonly add: (path: string) => string
  readonly resolve: (grant: string) => string | undefined
}

export function createGrants(): Grants {
  const paths = new Map<string, string>()
  return {
    add(path) {
      const grant = randomUUID()
      paths.set(grant, path)
      return grant
    },
    resolve: grant => paths.get(grant),
  }
}
