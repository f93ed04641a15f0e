/** Passes events on to every window. Progress is thinned to ten a second for each run: the newest counts. */
import type { StudioEvent } from '../shared/contract.ts'

export interface Announcer {
  announce(event: StudioEvent): void
  /** Returns the way to stop listening. */
  onEvent(listener: (event: StudioEvent) => void): () => void
  close(): void
}

const intervalMs = 100

export function createAnnouncer(): Announcer {
  const listeners = new Set<(event: StudioEvent) => void>()
  const held = new Map<string, StudioEvent>()
  let timer: NodeJS.Timeout | undefined

  const tell = (event: StudioEvent) => {
    for (const listener of listeners) listener(event)
  }
  const flush = () => {
    timer = undefined
    const events = [...held.values()]
    held.clear()
    for (const event of events) tell(event)
    if (events.length > 0) timer = setTimeout(flush, intervalMs)
  }
  const progressKey = (event: StudioEvent) =>
    event.type === 'run.progress'
      ? event.progress.runId
      : event.type === 'import.progress'
        ? `import ${event.importId}`
        : undefined

  return {
    announce(event) {
      const key = progressKey(event)
      if (key === undefined) {
        // Progress of before a change must not arrive after it.
        if (event.type === 'run.changed' && event.run.state !== 'running') held.delete(event.run.id)
        tell(event)
      } else {
        held.set(key, event)
        // The first goes out at once, those that follow within the interval are held.
        if (timer === undefined) flush()
      }
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      clearTimeout(timer)
      held.clear()
      listeners.clear()
    },
  }
}
