/** The projects that are open: one studio each, however many windows look at it. */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { RunSummary } from '../shared/domain.ts'
import type { Port } from '../shared/rpc.ts'
import type { Studio } from '../studio/studio.ts'
import { type Activity, idle, nextActivity } from './activity.ts'
import { createConnections } from './connections.ts'

/** What is needed here of the studio. */
export type ProjectStudio = Pick<Studio, 'handlers' | 'onEvent' | 'has' | 'close'>

export interface Project {
  readonly path: string
  activity(): Activity
  /** Joins a window to the studio. */
  serve(port: Port): void
}

export interface Projects {
  /** The one that is open already, or a new one. Throws what the studio throws for a file it cannot open. */
  open(path: string): Promise<Project>
  all(): readonly Project[]
  /** After the last words of windows that are closing. Stops what runs. */
  close(project: Project): Promise<void>
  onActivity(listener: (project: Project) => void): void
  onRunEnd(listener: (project: Project, run: RunSummary) => void): void
}

export function createProjects(createStudio: (path: string) => Promise<ProjectStudio>): Projects {
  const opening = new Map<string, Promise<Project>>()
  const opened = new Map<Project, { close(): Promise<void> }>()
  const closing = new Map<string, Promise<void>>()
  const activityListeners = new Set<(project: Project) => void>()
  const endListeners = new Set<(project: Project, run: RunSummary) => void>()

  async function start(path: string): Promise<Project> {
    await closing.get(path)
    const studio = await createStudio(path)
    let activity = idle
    const connections = createConnections(studio)
    const project: Project = { path, activity: () => activity, serve: connections.serve }
    const change = (next: Activity) => {
      if (next === activity) return
      activity = next
      for (const listener of activityListeners) listener(project)
    }
    studio.onEvent(event => {
      const next = nextActivity(activity, event, studio.has)
      change(next.activity)
      if (next.ended) for (const listener of endListeners) listener(project, next.ended)
    })
    opened.set(project, {
      async close() {
        await connections.closed()
        await studio.close().finally(() => change(idle))
      },
    })
    return project
  }

  return {
    open(given) {
      const path = canonical(given)
      const known = opening.get(path)
      if (known) return known
      const project = start(path)
      opening.set(path, project)
      // A file that could not be opened may be opened another time.
      project.catch(() => opening.delete(path))
      return project
    },
    all: () => [...opened.keys()],
    async close(project) {
      const entry = opened.get(project)
      if (!entry) return closing.get(project.path)
      opening.delete(project.path)
      opened.delete(project)
      const closed = entry.close().finally(() => closing.delete(project.path))
      // Whoever opens the file again waits for this, and does not care how it went.
      closing.set(
        project.path,
        closed.catch(() => {}),
      )
      await closed
    },
    onActivity: listener => activityListeners.add(listener),
    onRunEnd: listener => endListeners.add(listener),
  }
}

/** Two names of one file must not make two studios of it. */
function canonical(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // It is not there yet; its folder is.
    return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : resolve(path)
  }
}
