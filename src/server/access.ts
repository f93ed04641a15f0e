/**
 * Who may speak to the server. It listens on the loopback address, which keeps other machines out, but not other
 * programs and pages of this one:
 * - Another program or user does not have the token, which the terminal shows and nobody else.
 * - A page of another site can send requests here. Its `Origin` is not ours, and the cookie is SameSite=Strict.
 * - A page whose host name is made to point at 127.0.0.1 (DNS rebinding) is of the same origin in the browser's eyes.
 *   Its `Host` is not a name of the loopback address.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorData } from '../shared/errors.ts'

export interface Access {
  /** In the address that the terminal prints. */
  readonly token: string
  readonly cookieName: string
  /** The cookie's value: not the token, which may be seen in a history of addresses. */
  readonly session: string
}

export const createAccess = (port: number): Access => ({
  token: randomBytes(32).toString('base64url'),
  // Cookies do not tell ports apart: without the port in the name two servers would take each other's away.
  cookieName: `espalier-${port}`,
  session: randomBytes(32).toString('base64url'),
})

export interface AccessRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** A WebSocket is opened with GET, but does things. */
  readonly isUpgrade?: boolean
}

export type Verdict =
  | { readonly kind: 'admitted' }
  /** Came with the right token: set the cookie and go to `/`. */
  | { readonly kind: 'entering' }
  | { readonly kind: 'refused'; readonly error: ErrorData }

export function judge({ method, url, headers, isUpgrade }: AccessRequest, access: Access): Verdict {
  const { host, origin } = headers
  if (host === undefined || !isLoopback(host)) return refused(`The host "${host ?? ''}" is not this server.`)
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return refused(`The page ${origin} may not use this server.`)
  }
  const changes = (method !== 'GET' && method !== 'HEAD') || isUpgrade === true
  if (changes && origin === undefined)
    return refused('A request that does something must say which page it comes from.')
  if (hasCookie(headers.cookie, access)) return { kind: 'admitted' }
  const given = method === 'GET' && !isUpgrade ? tokenIn(url) : undefined
  if (given === undefined) return refused('This browser was not let in yet.')
  return isSame(given, access.token) ? { kind: 'entering' } : refused('The token in the address is not the right one.')
}

/** Names of the loopback address, with any port: an SSH tunnel may have another one at its near end. */
const isLoopback = (host: string) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host)

const tokenIn = (url: string): string | undefined =>
  new URLSearchParams(url.split('?', 2)[1] ?? '').get('token') ?? undefined

function hasCookie(header: string | undefined, { cookieName, session }: Access): boolean {
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2)
    if (name === cookieName && value !== undefined && isSame(value, session)) return true
  }
  return false
}

/** In a time that does not depend on where they differ. */
const isSame = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))
const digest = (text: string) => createHash('sha256').update(text).digest()

const refused = (message: string): Verdict => ({
  kind: 'refused',
  error: { code: 'not-allowed', message, hint: 'Open the address that the terminal printed.' },
})
