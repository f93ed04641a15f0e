/** Processes that die. The state of the work is in the project file, so a window that is loaded again shows the truth. */
import { app, BrowserWindow, crashReporter, dialog, type WebContents } from 'electron'
import { afterCrash, reasonText } from './crash-policy.ts'
import type { Log } from './log.ts'

export function setupCrashes(log: Log): void {
  // Dumps stay on this machine.
  crashReporter.start({ uploadToServer: false })
  const crashes = new WeakMap<WebContents, number[]>()
  app.on('child-process-gone', (_event, { type, reason, exitCode, name, serviceName }) => {
    if (reason !== 'clean-exit') log(`${name ?? serviceName ?? type} is gone: ${reasonText(reason)} (${exitCode})`)
  })
  app.on('render-process-gone', (_event, contents, { reason, exitCode }) => {
    if (reason === 'clean-exit' || contents.isDestroyed()) return
    log(`A window's page is gone: ${reasonText(reason)} (${exitCode})`)
    const now = Date.now()
    const times = [...(crashes.get(contents) ?? []), now]
    crashes.set(contents, times)
    if (afterCrash(times, now) === 'reload') return contents.reload()
    void ask(contents, reason)
  })
}

async function ask(contents: WebContents, reason: string): Promise<void> {
  const window = BrowserWindow.fromWebContents(contents)
  if (!window) return
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: `The page of this window died more than once: ${reasonText(reason)}.`,
    detail: 'Runs are not touched by this. Nothing that was saved is lost.',
    buttons: ['Load again', 'Close the window'],
    defaultId: 0,
    cancelId: 1,
  })
  if (window.isDestroyed()) return
  if (response === 0) contents.reload()
  else window.destroy()
}
