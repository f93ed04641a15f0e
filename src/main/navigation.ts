/** Windows stay on the studio's page: no navigation, no new windows, no embedded pages. Links to papers open outside. */
import { app, shell, type WebContents } from 'electron'
import { type Home, isExternalLink, isHome } from './trust.ts'

/** For every page that ever comes to be, not only those we open. */
export function setupNavigation(home: Home): void {
  app.on('web-contents-created', (_event, contents) => restrict(contents, home))
}

function restrict(contents: WebContents, home: Home): void {
  const stay = (event: { readonly url: string; readonly isMainFrame: boolean; preventDefault(): void }) => {
    // A reload is a navigation too. Frames inside the page have no business here.
    if (!event.isMainFrame || !isHome(event.url, home)) event.preventDefault()
  }
  contents.on('will-frame-navigate', stay)
  contents.on('will-navigate', stay)
  contents.on('will-redirect', stay)
  contents.on('will-attach-webview', event => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    // Without a browser to open it there is nothing to tell: the link stays where it is.
    if (isExternalLink(url)) shell.openExternal(url).catch(() => {})
    return { action: 'deny' }
  })
}
