/**
 * The runs that this process queued, worked one after the other, each in an engine process. Another process that has the
 * same project open has a queue of its own: a run is worked by whoever queued it, so two windows or a terminal beside a
 * window never work the same run, and none waits for the other.
 */
import { randomUUID } from 'node:crypto'
import type { RunProgress, RunSummary } from '../shared/domain.ts'
import { EspalierError, toErrorData } from '../shared/errors.ts'
import type { Recipe } from '../shared/recipe.ts'
import { projectFault } from './project/faults.ts'
import type { EarlyState, StoredRun } from './project/runs.ts'
import { rewind } from './resume.ts'
import { type RunEnd, type RunningRun, workRun } from './run-work.ts'
import type { WorkOptions } from './work-options.ts'

export interface Queue {
  /** One run for each seed, in order. */
  add(recipe: Recipe, options: { recipeId: string | null; again: boolean }): RunSummary[]
  /** Whether this queue has the run. */
  has(id: string): boolean
  /** Queues a run that ended early. Throws `not-allowed` for another one. */
  resume(id: string): void
  /** Resolves when the run has ended and its process is gone. `state` is what becomes of it. */
  stop(id: string, why: string, state?: EarlyState): Promise<void>
  /** Ends the processes of all running runs at once. */
  kill(why: string): void
  /** Calls `then` once all of these runs have ended, in whatever way, and before the queue is idle. */
  whenOver(ids: readonly string[], then: () => void): void
  /** Resolves when nothing is queued or running. */
  idle(): Promise<void>
  progress(id: string): RunProgress | null
  /** The summary as it is true, even where the disk did not take it. */
  truth(run: RunSummary): RunSummary
  /** Writes ends of runs that the disk did not take when they happened. */
  retrySaving(): void
  /** Stops what runs, takes back what is queued. */
  close(why: string): Promise<void>
}

export function createQueue(options: WorkOptions & { concurrency: number }): Queue {
  const { project, ownerId, announcer } = options
  const waiting: string[] = []
  const running = new Map<string, RunningRun>()
  const unsaved = new Map<string, RunEnd & { at: number }>()
  const idleWaiters = new Set<() => void>()
  const groups = new Set<{ readonly left: Set<string>; readonly then: () => void }>()
  let isClosed = false

  function requireOpen(): void {
    if (isClosed) throw new EspalierError({ code: 'contract.closed', message: 'The studio is closing.' })
  }

  function pump(): void {
    while (!isClosed && running.size < options.concurrency && waiting.length > 0) start(waiting.shift()!)
    if (waiting.length === 0 && running.size === 0) {
      for (const wake of idleWaiters) wake()
      idleWaiters.clear()
    }
  }

  function start(id: string): void {
    let run: StoredRun | undefined
    try {
      run = project.runs.get(id)
    } catch (thrown) {
      keepUnsaved(id, { state: 'failed', error: toErrorData(projectFault(project.path, thrown)) })
      settle(id)
      return
    }
    if (run?.summary.state !== 'queued') return
    const work = workRun(run, options)
    running.set(id, work)
    work.done.then(end => {
      running.delete(id)
      if (!end.saved) keepUnsaved(id, end)
      settle(id)
      pump()
    })
  }

  /** What was to follow runs that are all over now. */
  function settle(id: string): void {
    for (const group of groups) {
      group.left.delete(id)
      if (group.left.size > 0) continue
      groups.delete(group)
      try {
        if (!isClosed) group.then()
      } catch {
        // A disk that takes nothing more: the runs before it say so, and what they came to stands.
      }
    }
  }

  /** The end of a run that could not be written: it is told all the same, and written when the disk takes it. */
  function keepUnsaved(id: string, { state, error }: RunEnd): void {
    unsaved.set(id, { state, error, at: Date.now() })
    announceRun(id)
  }

  function announceRun(id: string): void {
    try {
      const run = project.runs.summary(id)
      if (run) announcer.announce({ type: 'run.changed', run: truth(run) })
    } catch {
      // A file that cannot even be read: every call about the run says so.
    }
  }

  function truth(run: RunSummary): RunSummary {
    const end = unsaved.get(run.id)
    if (!end || (run.state !== 'running' && run.state !== 'queued')) return run
    const stages = run.stages.map(stage =>
      stage.state === 'running' && end.state !== 'finished' ? { ...stage, state: end.state } : stage,
    )
    return { ...run, state: end.state, error: end.error, endedAt: end.at, stages }
  }

  /** Takes a run back that was not started. */
  function withdraw(id: string, why: string, state: EarlyState): void {
    waiting.splice(waiting.indexOf(id), 1)
    try {
      project.write(() => {
        project.log.append(id, [{ at: Date.now(), text: why }])
        project.runs.end(id, state, Date.now(), null)
        project.events.add(ownerId, 'run', id)
      })
      announceRun(id)
    } catch {
      keepUnsaved(id, { state, error: null })
    }
  }

  const queue: Queue = {
    add(recipe, { recipeId, again }) {
      requireOpen()
      const runs = project.write(() =>
        recipe.seeds.map(seed => {
          const run = project.runs.add({ id: randomUUID(), ownerId, recipeId, recipe, seed, again, at: Date.now() })
          project.events.add(ownerId, 'run', run.id)
          return run
        }),
      )
      for (const run of runs) {
        waiting.push(run.id)
        announcer.announce({ type: 'run.changed', run })
      }
      // After the caller has its answer: a run that fails at once must not fail before it is known.
      setImmediate(pump)
      return runs
    },
    has: id => running.has(id) || waiting.includes(id),
    resume(id) {
      requireOpen()
      queue.retrySaving()
      rewind(id, options)
      waiting.push(id)
      announceRun(id)
      setImmediate(pump)
    },
    async stop(id, why, state = 'stopped') {
      if (waiting.includes(id)) {
        withdraw(id, why, state)
        settle(id)
        pump()
        return
      }
      const run = running.get(id)
      run?.stop(why, state)
      await run?.done
    },
    kill(why) {
      for (const run of running.values()) run.kill(why)
    },
    idle: () =>
      new Promise(resolve => {
        if (waiting.length === 0 && running.size === 0) resolve()
        else idleWaiters.add(resolve)
      }),
    whenOver: (ids, then) => void groups.add({ left: new Set(ids), then }),
    progress: id => running.get(id)?.progress() ?? null,
    truth,
    retrySaving() {
      for (const [id, { state, error, at }] of unsaved) {
        project.write(() => {
          if (state !== 'finished') project.stages.end(id, state)
          project.runs.end(id, state, at, error)
          project.events.add(ownerId, 'run', id)
        })
        unsaved.delete(id)
      }
    },
    async close(why) {
      isClosed = true
      for (const id of [...waiting]) withdraw(id, why, 'stopped')
      for (const run of running.values()) run.stop(why, 'stopped')
      await Promise.all([...running.values()].map(({ done }) => done))
      pump()
    },
  }
  return queue
}
