/** What the task bar (Windows, some Linux desktops) or the dock (macOS) shows. */
import { type Activity, activityShare } from './activity.ts'

export interface TaskBarState {
  /** As `setProgressBar` takes it: -1 removes the bar, above 1 is a bar without a measure. */
  readonly value: number
  readonly mode: 'none' | 'normal' | 'indeterminate'
}

/** In whole percents: events come ten a second and most change nothing that could be seen. */
export function taskBarState(activity: Activity, platform: NodeJS.Platform): TaskBarState {
  const share = activityShare(activity)
  if (share === null) return { value: -1, mode: 'none' }
  // Only Windows has a bar that says "working" without saying how far.
  if (share === 0 && platform === 'win32') return { value: 2, mode: 'indeterminate' }
  return { value: Math.floor(share * 100) / 100, mode: 'normal' }
}
