/**
 * Runs: a row of all, details of those that are looked at, and the live progress. Events keep the cache fresh;
 * after every new connection all of it is asked for again.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import type { Result, StudioEvent } from '../../../shared/contract.ts'
import type { RunDetail, RunProgress } from '../../../shared/domain.ts'
import { type ListedRun, listedRun, listedStage } from '../../../shared/listed-run.ts'
import { call, onEvent, onOpen } from '../connection.ts'
import { withEvent } from '../lib/run-detail.ts'

export const useRuns = defineStore('runs', () => {
  const byId = shallowReactive(new Map<string, ListedRun>())
  const progress = shallowReactive(new Map<string, RunProgress>())
  const details = shallowReactive(new Map<string, RunDetail>())
  const isLoaded = ref(false)
  /** The runs chosen for comparing, in order; the first is the baseline. */
  const chosen = shallowRef<readonly string[]>([])

  async function refetch(): Promise<void> {
    const list = await call('run.list', {}).catch(() => undefined)
    if (!list) return
    byId.clear()
    for (const run of list.runs) byId.set(run.id, run)
    for (const [id] of progress) if (byId.get(id)?.state !== 'running') progress.delete(id)
    chosen.value = chosen.value.filter(id => byId.has(id))
    isLoaded.value = true
    for (const id of details.keys()) if (byId.has(id)) load(id).catch(() => {})
    for (const run of list.runs) if (run.state === 'running' && !details.has(run.id)) load(run.id).catch(() => {})
  }

  async function load(id: string): Promise<void> {
    const detail = await call('run.get', { id })
    details.set(id, detail)
    byId.set(id, listedRun(detail.run))
    if (detail.progress) progress.set(id, detail.progress)
    else progress.delete(id)
  }

  function forget(id: string): void {
    byId.delete(id)
    details.delete(id)
    progress.delete(id)
    chosen.value = chosen.value.filter(other => other !== id)
  }

  function receive(event: StudioEvent): void {
    if (event.type === 'run.changed') {
      const before = byId.get(event.run.id)?.state
      byId.set(event.run.id, listedRun(event.run))
      if (event.run.state !== 'running') progress.delete(event.run.id)
      // Not all that a change of state brings has an event of its own; the device for one.
      if (before !== event.run.state && details.has(event.run.id)) load(event.run.id).catch(() => {})
    } else if (event.type === 'run.stage') {
      const run = byId.get(event.runId)
      const stage = listedStage(event.stage)
      if (run) byId.set(run.id, { ...run, stages: run.stages.map(s => (s.index === stage.index ? stage : s)) })
    } else if (event.type === 'run.progress') {
      progress.set(event.progress.runId, event.progress)
    } else if (event.type === 'run.removed') {
      forget(event.id)
    }
    // Details that are still on their way miss nothing: the answer is made after every event that came before it.
    for (const [id, detail] of details) {
      const next = withEvent(detail, event)
      if (next !== detail) details.set(id, next)
    }
  }

  onOpen(refetch)
  onEvent(receive)

  async function start(
    document: unknown,
    options: { recipeId?: string; again?: boolean } = {},
  ): Promise<Result<'run.start'>['runs']> {
    const { runs } = await call('run.start', { document, ...options })
    for (const run of runs) if (!byId.has(run.id)) byId.set(run.id, listedRun(run))
    return runs
  }

  async function remove(id: string): Promise<void> {
    await call('run.remove', { id })
    forget(id)
  }

  /** The run that tried it; one that was removed is none. */
  const searchOf = ({ triedBy }: Pick<ListedRun, 'triedBy'>) => (triedBy === null ? undefined : byId.get(triedBy))
  /** Newest first. */
  const list = computed(() => [...byId.values()].sort((a, b) => b.number - a.number))

  return {
    byId,
    progress,
    details,
    isLoaded,
    chosen,
    searchOf,
    list,
    /** Without what a search only tried. */
    listWithoutProbes: computed(() => list.value.filter(run => !searchOf(run))),
    active: computed(() => [...byId.values()].filter(r => r.state === 'running').sort((a, b) => a.number - b.number)),
    waiting: computed(() => [...byId.values()].filter(r => r.state === 'queued').length),
    refetch,
    load,
    start,
    stop: (id: string) => call('run.stop', { id }),
    pause: (id: string) => call('run.pause', { id }),
    resume: (id: string) => call('run.resume', { id }),
    remove,
    toggleChosen(id: string) {
      chosen.value = chosen.value.includes(id) ? chosen.value.filter(other => other !== id) : [...chosen.value, id]
    },
  }
})
