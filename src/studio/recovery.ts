/**
 * Runs whose process died. A run says `running` in the project file until somebody writes otherwise, and a killed process
 * writes nothing: so whoever has the project open looks for owners that are gone, and says what became of their runs.
 * A run that was only queued is not begun by another process: nobody there asked for it.
 */
import type { ErrorData } from '../shared/errors.ts'
import type { Announcer } from './announcer.ts'
import { workFolder } from './directories.ts'
import type { Directories } from './host.ts'
import { isAlive } from './owner.ts'
import { removeWorkFolder } from './prepare-run.ts'
import type { Owner } from './project/owners.ts'
import type { Project } from './project/project.ts'

export interface RecoveryOptions {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  readonly directories: Directories
}

/** Marks the unfinished runs of dead owners as interrupted. */
export function markInterrupted({ project, announcer, ownerId, directories }: RecoveryOptions): void {
  const now = Date.now()
  const dead = project.owners.withUnfinishedRuns().filter(owner => owner.id !== ownerId && !isAlive(owner, now))
  for (const owner of dead) {
    // Asked again inside the transaction: another process may have marked them meanwhile.
    const ids = project.write(() => {
      const unfinished = project.runs.unfinished(owner.id)
      for (const id of unfinished) mark(project, ownerId, owner, id, now)
      return unfinished
    })
    for (const id of ids) {
      removeWorkFolder(workFolder(directories, id))
      const run = project.runs.summary(id)
      if (run) announcer.announce({ type: 'run.changed', run })
    }
  }
}

function mark(project: Project, ownerId: string, owner: Owner, id: string, now: number): void {
  const wasRunning = project.runs.summary(id)?.state === 'running'
  const error = interruptedError(owner, wasRunning)
  project.log.append(id, [{ at: now, text: error.message }])
  project.stages.end(id, 'interrupted')
  project.runs.end(id, 'interrupted', now, error)
  project.events.add(ownerId, 'run', id)
}

const hostNames: Record<string, string> = {
  desktop: 'The desktop window',
  browser: 'The browser host',
  terminal: 'The terminal',
}

function interruptedError(owner: Owner, wasRunning: boolean): ErrorData {
  const who = `${hostNames[owner.host] ?? owner.host} (process ${owner.pid})`
  const heard = `${new Date(owner.heardAt).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return {
    code: 'run.died',
    message: wasRunning
      ? `${who} ended while it worked this run; it was last heard of at ${heard}.`
      : `${who} ended before this run began; it was last heard of at ${heard}.`,
    hint: 'Resume it: it goes on where it was.',
  }
}
