/** Runs and a studio for the tests of the desktop. */

import type { ProjectStudio } from '../../src/main/projects.ts'
import type { Handlers, StudioEvent } from '../../src/shared/contract.ts'
import type { RunProgress, RunState, RunSummary } from '../../src/shared/domain.ts'

export function run(number: number, state: RunState, stages: RunSummary['stages'][number]['state'][] = []): RunSummary {
  return {
    id: `run-${number}`,
    number,
    name: 'Global 90 %',
    seed: 7,
    state,
    identity: null,
    recipeId: null,
    triedBy: null,
    createdAt: 0,
    startedAt: null,
    endedAt: null,
    error: null,
    stages: stages.map((stage, index) => ({
      index,
      use: 'evaluate',
      state: stage,
      startedAt: null,
      seconds: null,
      cached: false,
      outcome: null,
    })),
  }
}

export const progress = (number: number, stage: number | null, done: number, total: number): RunProgress => ({
  runId: `run-${number}`,
  stage,
  step: 'test',
  done,
  total,
  unit: 'samples',
})

export interface FakeStudio extends ProjectStudio {
  announce(event: StudioEvent): void
  listeners(): number
  closes: number
}

/** A studio whose runs are all its own, and that answers `run.list` with those that were announced. */
export function fakeStudio(): FakeStudio {
  const listeners = new Set<(event: StudioEvent) => void>()
  const runs = new Map<string, RunSummary>()
  const studio: FakeStudio = {
    handlers: { 'run.list': () => ({ runs: [...runs.values()] }) } as unknown as Handlers,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    has: () => true,
    announce(event) {
      if (event.type === 'run.changed') runs.set(event.run.id, event.run)
      for (const listener of listeners) listener(event)
    },
    listeners: () => listeners.size,
    closes: 0,
    async close() {
      studio.closes++
    },
  }
  return studio
}

export const changed = (run: RunSummary): StudioEvent => ({ type: 'run.changed', run })

/** Lets promises and port messages go their way. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
}
