/**
 * Who may speak to the main process: the top frame of the studio's own page, and nobody else. A foreign page, a frame
 * inside ours and a frame that is gone (null: it navigated or was destroyed while its message was on the way) are refused.
 */

/** The page of the studio: its address and its origin as Chromium writes it. */
export interface Home {
  readonly url: string
  readonly origin: string
}

/** The part of Electron's `WebFrameMain` that decides. */
export interface Frame {
  readonly origin: string
  readonly url: string
  readonly parent: unknown
}

export function isTrustedFrame(frame: Frame | null | undefined, home: Home): boolean {
  return frame != null && frame.parent === null && frame.origin === home.origin && isHome(frame.url, home)
}

/** The studio's page itself, whatever its hash: the only address that a window may be at or go to (by a reload). */
export function isHome(url: string, home: Home): boolean {
  const here = parse(url)
  const there = parse(home.url)
  if (!here || !there) return false
  return here.protocol === there.protocol && here.host === there.host && pageOf(here) === pageOf(there)
}

const pageOf = (url: URL) => (url.pathname === '' || url.pathname === '/' ? '/index.html' : url.pathname)

/** Hosts of the papers that methods cite. */
const externalHosts = new Set(['arxiv.org', 'doi.org'])

/** Links that may leave for the system's browser. */
export function isExternalLink(url: string): boolean {
  const link = parse(url)
  return link?.protocol === 'https:' && externalHosts.has(link.host) && link.username === '' && link.password === ''
}

/** Requests to the network or the disk. While developing, electron-vite's server is not outside. */
export function isOutside(url: string, home: Home): boolean {
  const target = parse(url)
  if (!target || !outsideSchemes.has(target.protocol)) return false
  const server = parse(home.url)
  return !(server?.protocol.startsWith('http') && target.host === server.host)
}

const outsideSchemes = new Set(['http:', 'https:', 'ws:', 'wss:', 'ftp:', 'file:'])

/** What the page made itself, such as a table saved as CSV. */
export function isOwnDownload(url: string, home: Home): boolean {
  return url.startsWith(`blob:${home.origin}/`)
}

/** Copying text is all that the page needs of what Chromium guards; Electron would allow everything. */
export function isAllowedPermission(permission: string, origin: string, home: Home): boolean {
  return permission === 'clipboard-sanitized-write' && origin.replace(/\/$/, '') === home.origin
}

function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null
}
