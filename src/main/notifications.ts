/** A word at the end of a run, when its window is not in front. */
import { Notification } from 'electron'
import { endNotice } from './notices.ts'
import type { Projects } from './projects.ts'
import type { Windows } from './windows.ts'

/** `reopen` shows the project of a notification that was clicked, which may have been closed by then. */
export function setupNotifications(projects: Projects, windows: Windows, reopen: (path: string) => void): void {
  // Held until they are gone: what is collected loses its click.
  const shown = new Set<Notification>()
  projects.onRunEnd((project, run) => {
    const notice = endNotice(run)
    if (!notice || !Notification.isSupported() || windows.of(project).some(window => window.isFocused())) return
    const notification = new Notification({ title: notice.title, body: notice.body })
    shown.add(notification)
    notification.on('click', () => {
      shown.delete(notification)
      reopen(project.path)
    })
    notification.on('close', () => shown.delete(notification))
    notification.on('failed', () => shown.delete(notification))
    notification.show()
  })
}
