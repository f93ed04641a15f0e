/** The built window. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { contentTypeOf } from '../shared/content-types.ts'
import { securityHeaders } from '../shared/csp.ts'
import { HttpError } from './answers.ts'

/** Sends the file that `path` (as it stands in the request, without the query) names inside `root`. */
export async function sendFile(response: ServerResponse, root: string, path: string, withBody: boolean): Promise<void> {
  const file = locate(root, path)
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined)
  if (file === undefined || !found?.isFile()) {
    throw new HttpError(404, { code: 'not-found', message: `There is no ${path} on this server.` })
  }
  response.writeHead(200, {
    ...securityHeaders,
    'content-type': contentTypeOf(file),
    'content-length': found.size,
    // Names in assets/ carry a hash of the content; the page itself must be the newest.
    'cache-control': path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store',
  })
  if (withBody) await pipeline(createReadStream(file), response)
  else response.end()
}

/** The file inside `root`; undefined for anything that leads out of it or is no path at all. */
export function locate(root: string, path: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return
  }
  if (!decoded.startsWith('/') || decoded.includes('\0') || decoded.includes('\\')) return
  const base = resolve(root)
  const file = join(base, decoded === '/' ? 'index.html' : decoded)
  return file.startsWith(base + sep) ? file : undefined
}
