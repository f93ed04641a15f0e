/**
 * What we are working on in a project, followed from its events. Quitting, the task bar, sleep and notifications all ask this.
 */
import type { StudioEvent } from '../shared/contract.ts'
import type { RunProgress, RunSummary } from '../shared/domain.ts'

export interface Activity {
  /** Every run since the project was last idle, by id: the ones that ended count for the whole's progress. */
  readonly batch: ReadonlyMap<string, RunSummary>
  /** The latest progress of each run of the batch. */
  readonly progress: ReadonlyMap<string, RunProgress>
}

export const idle: Activity = { batch: new Map(), progress: new Map() }

export function isActive(run: RunSummary): boolean {
  return run.state === 'queued' || run.state === 'running'
}

export function activeRuns(activity: Activity): readonly RunSummary[] {
  return [...activity.batch.values()].filter(isActive)
}

/**
 * The activity after `event`, and the run that ended with it. `isOurs` says whether this process works a run: a terminal
 * may work others in the same project, and those go on without us.
 */
export function nextActivity(
  activity: Activity,
  event: StudioEvent,
  isOurs: (runId: string) => boolean,
): { readonly activity: Activity; readonly ended: RunSummary | null } {
  if (event.type === 'run.progress') {
    const { progress } = event
    if (!activity.batch.has(progress.runId)) return { activity, ended: null }
    return {
      activity: { ...activity, progress: new Map(activity.progress).set(progress.runId, progress) },
      ended: null,
    }
  }
  if (event.type === 'run.removed') {
    const batch = new Map(activity.batch)
    return { activity: batch.delete(event.id) ? settled({ ...activity, batch }) : activity, ended: null }
  }
  if (event.type !== 'run.changed') return { activity, ended: null }
  const { run } = event
  const before = activity.batch.get(run.id)
  // Also a run that was over before we looked, such as one found interrupted when the project was opened.
  if (!before && !(isActive(run) && isOurs(run.id))) return { activity, ended: null }
  const ended = before !== undefined && isActive(before) && !isActive(run) ? run : null
  return { activity: settled({ ...activity, batch: new Map(activity.batch).set(run.id, run) }), ended }
}

const settled = (activity: Activity) => (activeRuns(activity).length === 0 ? idle : activity)

/** Done share of one run, in [0, 1]: its stages count alike. */
export function runShare(run: RunSummary, progress: RunProgress | undefined): number {
  if (!isActive(run)) return 1
  if (run.stages.length === 0) return 0
  const finished = run.stages.filter(stage => stage.state === 'finished').length
  const current = progress && progress.stage !== null ? run.stages[progress.stage] : undefined
  const within = current?.state === 'running' && progress && progress.total > 0 ? progress.done / progress.total : 0
  return Math.min((finished + Math.min(within, 1)) / run.stages.length, 1)
}

/** Done share of everything since the project was last idle, or null when it is idle. */
export function activityShare({ batch, progress }: Activity): number | null {
  if (batch.size === 0) return null
  const shares = [...batch.values()].map(run => runShare(run, progress.get(run.id)))
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}
