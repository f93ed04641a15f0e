/**
 * What a stage records while it works: points of curves, told at most ten times a second and none left out, zeros per
 * layer, batch norm, and the rounds of a federation. The studio may die before it has written what it was told, so the last seconds are kept for the state file.
 */
import type { NormStatistics } from '../../shared/features.ts'
import type { FederationReport } from '../../shared/federation-report.ts'
import type { LayerSparsity } from '../../shared/stage.ts'
import type { FromEngine } from '../protocol.ts'

export interface Point {
  readonly name: string
  readonly step: number
  readonly value: number
}

export interface Snapshot<Layer> {
  readonly step: number
  readonly layers: readonly Layer[]
}

/** The end of a record. */
export interface Tail {
  /** Everything up to this step is in the project for sure; what follows is in here. */
  readonly after: number
  readonly points: readonly Point[]
  readonly layers: readonly Snapshot<LayerSparsity>[]
  readonly norms: readonly Snapshot<NormStatistics>[]
  readonly federation: readonly { readonly step: number; readonly report: FederationReport }[]
}

export interface StageRecord {
  /** Points at `step`, which never falls. */
  points(step: number, values: Readonly<Record<string, number>>): void
  /** Zeros per layer from `step` on. */
  layers(step: number, layers: readonly LayerSparsity[]): void
  /** Batch norm as it is at `step`. */
  norms(step: number, layers: readonly NormStatistics[]): void
  /** What a federation says of itself at `step`. */
  federation(step: number, report: FederationReport): void
  /** Whether points are told now; numbers of the whole process are worth a point then. */
  isDue(): boolean
  flush(): void
  /** The step of what was recorded last; 0 before that. */
  lastStep(): number
  tail(): Tail
  /** Begins anew at step 0: what was recorded so far is done with. */
  restart(): void
  /** Tells the end of an earlier record again. */
  replay(tail: Tail): void
}

const intervalMs = 100
/** Longer than the studio takes to write what it was told. */
const tailMs = 5000

type Emit = (message: Extract<FromEngine, { type: 'metrics' | 'layers' | 'norms' | 'federation' }>) => void

/** `now` in milliseconds. */
export function createRecord(stage: number, emit: Emit, now: () => number = () => performance.now()): StageRecord {
  let untold: Point[] = []
  let recent: (Point & { readonly at: number })[] = []
  let snapshots: (Snapshot<LayerSparsity> & { readonly at: number })[] = []
  let normSnapshots: (Snapshot<NormStatistics> & { readonly at: number })[] = []
  let reports: (Tail['federation'][number] & { readonly at: number })[] = []
  let after = 0
  let lastStep = 0
  let toldAt = Number.NEGATIVE_INFINITY

  function flush(): void {
    if (untold.length === 0) return
    emit({ type: 'metrics', stage, points: untold })
    untold = []
    toldAt = now()
    forget()
  }

  function forget(): void {
    const until = now() - tailMs
    let newestOld = after
    let oldestKept = Number.POSITIVE_INFINITY
    for (const { at, step } of [...recent, ...snapshots, ...normSnapshots, ...reports]) {
      if (at < until) newestOld = Math.max(newestOld, step)
      else oldestKept = Math.min(oldestKept, step)
    }
    // Steps are kept or forgotten as a whole: validation may come long after the step it is a point of, and a round of a
    // federation after its last step. What a run that goes on records there again must find nothing of it.
    const old = Math.min(newestOld, oldestKept - 1, lastStep - 1)
    if (old <= after) return
    after = old
    recent = recent.filter(({ step }) => step > after)
    snapshots = snapshots.filter(({ step }) => step > after)
    normSnapshots = normSnapshots.filter(({ step }) => step > after)
    reports = reports.filter(({ step }) => step > after)
  }

  return {
    points(step, values) {
      const at = now()
      lastStep = step
      for (const [name, value] of Object.entries(values)) {
        const point = { name, step, value }
        untold.push(point)
        recent.push({ ...point, at })
      }
      if (at - toldAt >= intervalMs) flush()
    },
    layers(step, layers) {
      lastStep = step
      snapshots.push({ step, layers, at: now() })
      emit({ type: 'layers', stage, step, layers })
    },
    norms(step, layers) {
      lastStep = step
      normSnapshots.push({ step, layers, at: now() })
      emit({ type: 'norms', stage, step, layers })
    },
    federation(step, report) {
      lastStep = step
      reports.push({ step, report, at: now() })
      emit({ type: 'federation', stage, step, report })
    },
    isDue: () => now() - toldAt >= intervalMs,
    flush,
    lastStep: () => lastStep,
    tail() {
      forget()
      return {
        after,
        points: recent.map(({ at: _, ...point }) => point),
        layers: snapshots.map(({ at: _, ...snapshot }) => snapshot),
        norms: normSnapshots.map(({ at: _, ...snapshot }) => snapshot),
        federation: reports.map(({ at: _, ...report }) => report),
      }
    },
    restart() {
      flush()
      recent = []
      snapshots = []
      normSnapshots = []
      reports = []
      after = 0
      lastStep = 0
    },
    replay(tail) {
      const at = now()
      after = tail.after
      const steps = [...tail.points, ...tail.layers, ...tail.norms, ...tail.federation].map(({ step }) => step)
      lastStep = Math.max(after, ...steps)
      recent = tail.points.map(point => ({ ...point, at }))
      snapshots = tail.layers.map(snapshot => ({ ...snapshot, at }))
      normSnapshots = tail.norms.map(snapshot => ({ ...snapshot, at }))
      reports = tail.federation.map(report => ({ ...report, at }))
      if (tail.points.length > 0) emit({ type: 'metrics', stage, points: tail.points })
      for (const { step, layers } of tail.layers) emit({ type: 'layers', stage, step, layers })
      for (const { step, layers } of tail.norms) emit({ type: 'norms', stage, step, layers })
      for (const { step, report } of tail.federation) emit({ type: 'federation', stage, step, report })
    },
  }
}
