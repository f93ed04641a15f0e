/** Progress of a project's runs in the task bar, on each of its windows. */
import type { Projects } from './projects.ts'
import { taskBarState } from './task-bar-state.ts'
import type { Windows } from './windows.ts'

export function setupTaskBar(projects: Projects, windows: Windows): void {
  projects.onActivity(project => {
    const { value, mode } = taskBarState(project.activity(), process.platform)
    for (const window of windows.of(project)) window.setProgressBar(value, { mode })
  })
}
