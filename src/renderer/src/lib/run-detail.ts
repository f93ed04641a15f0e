/** How an event changes what is known of a run, and what a run's stages say about it as a whole. */
import type { StudioEvent } from '../../../shared/contract.ts'
import type { LayerSnapshot, RunDetail, RunSummary, StageRecord } from '../../../shared/domain.ts'
import { withReport } from '../../../shared/federation-report.ts'
import type { ListedRun, ListedStage } from '../../../shared/listed-run.ts'
import { stages } from '../../../shared/stages.ts'
import { count } from './format.ts'

/** The same object where the event is about something else. */
export function withEvent(detail: RunDetail, event: StudioEvent): RunDetail {
  const { id } = detail.run
  switch (event.type) {
    case 'run.changed':
      if (event.run.id !== id) return detail
      return withRun({ ...detail, progress: event.run.state === 'running' ? detail.progress : null }, event.run)
    case 'run.progress':
      return event.progress.runId === id ? { ...detail, progress: event.progress } : detail
    case 'run.stage': {
      if (event.runId !== id) return detail
      const stages = detail.run.stages.map(s => (s.index === event.stage.index ? event.stage : s))
      return withRun(detail, { ...detail.run, stages })
    }
    case 'run.layers':
      return event.runId === id ? { ...detail, layers: withSnapshot(detail.layers, event.snapshot) } : detail
    case 'run.federation':
      return event.runId === id ? { ...detail, federations: withReport(detail.federations, event) } : detail
    case 'run.metrics':
      return event.runId === id ? { ...detail, metrics: [...detail.metrics, ...event.points] } : detail
    case 'run.log':
      return event.runId === id ? { ...detail, log: [...detail.log, { at: event.at, text: event.text }] } : detail
    default:
      return detail
  }
}

/** A federation whose stage has a result is told by that. */
const withRun = (detail: RunDetail, run: RunSummary): RunDetail => ({
  ...detail,
  run,
  federations: detail.federations.filter(({ stage }) => run.stages[stage]?.outcome === null),
})

/** A snapshot of the same stage and step replaces the one that is there. */
function withSnapshot(layers: readonly LayerSnapshot[], snapshot: LayerSnapshot): LayerSnapshot[] {
  return [...layers.filter(s => s.stage !== snapshot.stage || s.step !== snapshot.step), snapshot]
}

type Score = NonNullable<ListedStage['score']>

export interface RunOutcome {
  readonly first: Score | null
  /** Of the last evaluate that finished. */
  readonly last: Score | null
  /** Share of prunable weights that are zero, after the last stage that counted them. */
  readonly sparsity: number | null
}

/** Whether the last score is of the model as it is now: no stage that changes it has begun since. */
export function isScoreCurrent(run: ListedRun): boolean {
  // A distillation scores what it made.
  const scored = run.stages.findLastIndex(s => s.score !== null || (s.use === 'distill' && s.counts !== null))
  return scored >= 0 && run.stages.slice(scored + 1).every(s => s.state === 'waiting' || !stages[s.use].changesModel)
}

export function outcomeOf(run: ListedRun): RunOutcome {
  const scores = run.stages.flatMap(({ score }) => score ?? [])
  const counts = run.stages.findLast(stage => stage.counts !== null)?.counts
  return {
    first: scores[0] ?? null,
    last: scores.at(-1) ?? null,
    sparsity: counts ? counts.zeros / counts.weights : null,
  }
}

/** Seconds from start to end, or to `now` while it runs; null where all that it has was done by other runs. */
export function elapsed(
  run: Pick<RunSummary, 'startedAt' | 'endedAt'> & { readonly stages: readonly Pick<StageRecord, 'cached'>[] },
  now: number,
): number | null {
  if (run.startedAt === null || run.stages.every(({ cached }) => cached)) return null
  return Math.max(0, ((run.endedAt ?? now) - run.startedAt) / 1000)
}

export const isOver = (run: Pick<RunSummary, 'state'>): boolean => run.state !== 'queued' && run.state !== 'running'

/** Done share of the whole run in [0, 1], counting stages as equal; null before the first step. */
export function shareDone(
  run: Pick<ListedRun, 'stages'>,
  stage: number | null,
  done: number,
  total: number,
): number | null {
  if (run.stages.length === 0) return null
  const finished = run.stages.filter(s => s.state === 'finished').length
  const inside = stage !== null && total > 0 ? Math.min(1, done / total) : 0
  return Math.min(1, (finished + inside) / run.stages.length)
}

/** In the order in which they happened, without those in which no layer has other zeros than before. */
export function sparsityHistory(layers: readonly LayerSnapshot[]): LayerSnapshot[] {
  const inOrder = [...layers].sort((a, b) => a.stage - b.stage || a.step - b.step)
  return inOrder.filter((snapshot, i) => {
    const before = inOrder[i - 1]
    return !before || snapshot.layers.some((layer, at) => layer.zeros !== before.layers[at]?.zeros)
  })
}

/** Evenly spaced, the first and the last among them, at most `limit` (>= 2). */
export function evenly<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items
  return Array.from({ length: limit }, (_, i) => items[Math.round((i * (items.length - 1)) / (limit - 1))] as T)
}

/** "stage 2, step 1,173": of a snapshot, whose steps count within its stage. */
export const snapshotText = ({ stage, step }: Pick<LayerSnapshot, 'stage' | 'step'>): string =>
  step === 0 ? `start of stage ${stage + 1}` : `stage ${stage + 1}, step ${count(step)}`
