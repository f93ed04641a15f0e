/** Answers `app://` requests from the folder of the built window. */
import { readFile } from 'node:fs/promises'
import nodePath, { type PlatformPath } from 'node:path'
import { contentTypeOf } from '../shared/content-types.ts'
import { securityHeaders } from '../shared/csp.ts'

export const scheme = 'app'
export const host = 'studio'

/**
 * The file that `url` names inside `root`, or null: another scheme or host, an address that cannot be decoded, or one
 * that leaves the folder. Encoded separators are decoded before the check, so `..%2f` is seen for what it is.
 */
export function resolveAsset(url: string, root: string, path: PlatformPath = nodePath): string | null {
  if (!URL.canParse(url)) return null
  const parsed = new URL(url)
  if (parsed.protocol !== `${scheme}:` || parsed.host !== host) return null
  let pathname: string
  try {
    pathname = decodeURIComponent(parsed.pathname)
  } catch {
    return null
  }
  if (pathname.includes('\0')) return null
  const file = path.resolve(root, `./${pathname}`)
  const relative = path.relative(root, file)
  if (relative === '') return path.join(root, 'index.html')
  if (relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) return null
  return file
}

export async function serveAsset(request: Pick<Request, 'method' | 'url'>, root: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405)
  const file = resolveAsset(request.url, root)
  if (!file) return answer(403)
  try {
    const bytes = await readFile(file)
    return answer(200, request.method === 'HEAD' ? null : bytes, { 'content-type': contentTypeOf(file) })
  } catch {
    return answer(404)
  }
}

function answer(status: number, body: Uint8Array<ArrayBuffer> | null = null, headers: Record<string, string> = {}) {
  return new Response(body, { status, headers: { ...securityHeaders, ...headers } })
}
