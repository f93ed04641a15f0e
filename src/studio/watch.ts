/** Keeps this process and the others that have the project open up to date with each other. */
import type { Announcer } from './announcer.ts'
import { heartbeatMs } from './owner.ts'
import type { Change } from './project/events.ts'
import type { Project } from './project/project.ts'
import type { Queue } from './queue.ts'

export interface WatchOptions {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  readonly queue: Queue
  /** Marks runs of dead processes. */
  readonly recover: () => void
}

const lookMs = 300

/** Starts watching; returns the way to end it. */
export function watchProject({ project, announcer, ownerId, queue, recover }: WatchOptions): () => void {
  let seen = lastIds(project)
  project.wasWrittenByOthers()

  function look(): void {
    if (!project.wasWrittenByOthers()) return
    for (const { id, state } of project.runs.stopRequests(ownerId)) {
      const what = state === 'paused' ? 'Paused' : 'Stopped'
      void queue.stop(id, `${what} from another window or terminal.`, state)
    }
    project.read(() => {
      const { changes, complete } = project.events.since(seen.event, ownerId)
      for (const change of complete ? changes : everything(project)) tell(change)
      seen = lastIds(project)
    })
  }

  function tell({ topic, subject }: Pick<Change, 'topic' | 'subject'>): void {
    if (topic === 'library') announcer.announce({ type: 'library.changed' })
    else if (topic === 'recipes') announcer.announce({ type: 'recipe.changed' })
    else if (subject === null) return
    else if (topic === 'run-removed') announcer.announce({ type: 'run.removed', id: subject })
    else tellRun(subject)
  }

  /** What another process did to a run, as the events that it announced itself. */
  function tellRun(runId: string): void {
    const stored = project.runs.get(runId)
    if (!stored) return
    const points = project.metrics.since(runId, seen.metric)
    if (points.length > 0) announcer.announce({ type: 'run.metrics', runId, points })
    for (const snapshot of project.layers.since(runId, seen.layer)) {
      announcer.announce({ type: 'run.layers', runId, snapshot })
    }
    for (const snapshot of project.norms.since(runId, seen.norm)) {
      announcer.announce({ type: 'run.norms', runId, snapshot })
    }
    for (const reported of project.federations.since(runId, seen.federation)) {
      announcer.announce({ type: 'run.federation', runId, ...reported })
    }
    for (const line of project.log.since(runId, seen.line)) announcer.announce({ type: 'run.log', runId, ...line })
    announcer.announce({ type: 'run.changed', run: queue.truth(stored.summary) })
    if (stored.progress) announcer.announce({ type: 'run.progress', progress: stored.progress })
  }

  /** Nothing here is worth ending the process for: what could not be done now is tried again at the next turn. */
  const quietly = (work: () => void) => () => {
    try {
      work()
    } catch {}
  }

  const timers = [
    setInterval(quietly(look), lookMs),
    setInterval(
      quietly(() => {
        queue.retrySaving()
        recover()
        if (project.runs.unfinished(ownerId).length > 0)
          project.write(() => project.owners.heartbeat(ownerId, Date.now()))
      }),
      heartbeatMs,
    ),
  ]
  for (const timer of timers) timer.unref()
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

const lastIds = (project: Project) => ({
  event: project.events.last(),
  metric: project.metrics.last(),
  layer: project.layers.last(),
  norm: project.norms.last(),
  federation: project.federations.last(),
  line: project.log.last(),
})

/** For a process that was asleep for so long that the list of changes no longer reaches back. */
const everything = (project: Project): Pick<Change, 'topic' | 'subject'>[] => [
  { topic: 'library', subject: null },
  { topic: 'recipes', subject: null },
  ...project.runs.list().map(({ id }) => ({ topic: 'run' as const, subject: id })),
]
