/** What the page may ask of Chromium. Electron's own answer to everything is yes. */
import { dirname, join } from 'node:path'
import { app, session } from 'electron'
import type { SettingsStore } from './settings.ts'
import { type Home, isAllowedPermission, isOutside, isOwnDownload } from './trust.ts'

export function setupPermissions(home: Home): void {
  const { defaultSession } = session
  defaultSession.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl, isMainFrame }) => {
    const origin = URL.canParse(requestingUrl) ? originOf(new URL(requestingUrl)) : ''
    answer(isMainFrame && isAllowedPermission(permission, origin, home))
  })
  defaultSession.setPermissionCheckHandler((_contents, permission, origin) =>
    isAllowedPermission(permission, origin, home),
  )
  defaultSession.setDevicePermissionHandler(() => false)
}

/** `URL.origin` is "null" for schemes that Node does not know. */
const originOf = (url: URL) => `${url.protocol}//${url.host}`

/** Saving what the page made, such as a table as CSV; any other download is refused. */
export function setupDownloads(home: Home, settings: SettingsStore): void {
  session.defaultSession.on('will-download', (event, item) => {
    if (!isOwnDownload(item.getURL(), home)) return event.preventDefault()
    const folder = settings.get().lastFolders.save ?? app.getPath('downloads')
    item.setSaveDialogOptions({ defaultPath: join(folder, item.getFilename()) })
    item.once('done', (_event, state) => {
      if (state !== 'completed') return
      settings.update({ lastFolders: { ...settings.get().lastFolders, save: dirname(item.getSavePath()) } })
    })
  })
}

/** Nothing leaves the machine: what the page's policy forbids is stopped here once more, for every page there is. */
export function setupNetwork(home: Home): void {
  session.defaultSession.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: isOutside(url, home) }))
}
