/** `app://studio/`: the window's files under an origin of their own, instead of `file:` which could read the whole disk. */
import { protocol } from 'electron'
import { host, scheme, serveAsset } from './assets.ts'
import type { Home } from './trust.ts'

/** Once, before the application is ready. Without `bypassCSP`: the policy of `shared/csp.ts` holds. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** `root` is the folder of the built window. */
export function setupAppScheme(root: string): void {
  protocol.handle(scheme, request => serveAsset(request, root))
}

/** Where the window's page is: our scheme, or while developing electron-vite's server. */
export function homeOf(developmentServer: string | undefined): Home {
  if (developmentServer) return { url: developmentServer, origin: new URL(developmentServer).origin }
  return { url: `${scheme}://${host}/index.html`, origin: `${scheme}://${host}` }
}
