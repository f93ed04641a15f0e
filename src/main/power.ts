/** The machine does not fall asleep while something runs; the screen may. */
import { powerSaveBlocker } from 'electron'
import { activeRuns } from './activity.ts'
import type { Projects } from './projects.ts'

export function setupPower(projects: Projects): void {
  let blocker: number | null = null
  projects.onActivity(() => {
    const isBusy = projects.all().some(project => activeRuns(project.activity()).length > 0)
    if (isBusy && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension')
    else if (!isBusy && blocker !== null) {
      powerSaveBlocker.stop(blocker)
      blocker = null
    }
  })
}
