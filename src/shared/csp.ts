/**
 * The headers every answer of a host carries, so that the window runs under the same rules on the desktop (`app://`)
 * and in the browser (`espalier serve`). The page loads only what ships with it: a name or label from a hostile file
 * that slips into markup can neither run nor call home.
 */

const policy = {
  'default-src': "'none'",
  'script-src': "'self'",
  // Charts and the tooltip layer position themselves with style attributes.
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self'",
  // Covers the studio's WebSocket too: 'self' matches ws: of the same host and port.
  'connect-src': "'self'",
  'worker-src': "'self' blob:",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
} as const

export const contentSecurityPolicy: string = Object.entries(policy)
  .map(([directive, sources]) => `${directive} ${sources}`)
  .join('; ')

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}
