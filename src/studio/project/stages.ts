/** The stages of runs, and the search for finished ones by their key. */
import type Database from 'better-sqlite3'
import type { StageRecord } from '../../shared/domain.ts'
import type { Twin } from '../../shared/stages/distill.ts'
import { type StageOutcome, type StageUse, stageOutcomeSchema } from '../../shared/stages.ts'
import { fromStoredOrNull, toStored } from './stored.ts'

/** A finished stage that another run may take over. */
export interface FinishedStage {
  readonly runId: string
  readonly position: number
  readonly seconds: number
  readonly outcome: StageOutcome
  /** SHA-256 of the model after it; null if it changed nothing. */
  readonly weights: string | null
}

export interface StagesTable {
  add(runId: string, uses: readonly StageUse[]): void
  ofRun(runId: string): StageRecord[]
  /** Of all runs, by run id. */
  all(): Map<string, StageRecord[]>
  start(runId: string, position: number, at: number): void
  finish(
    runId: string,
    position: number,
    result: {
      seconds: number
      outcome: StageOutcome
      key: string
      weights: string | null
      cached: boolean
      startedAt: number
    },
  ): void
  /** What becomes of the running stage when its run ends early. */
  end(runId: string, state: 'paused' | 'stopped' | 'failed' | 'interrupted'): void
  /** The stages of a run that are not finished wait again. */
  reset(runId: string): void
  /** The finished stages of a run, from the first on without a gap. */
  finishedOf(runId: string): FinishedStage[]
  /** The newest finished stage of that key; one that was itself taken over only where the one it came from is gone. */
  findFinished(key: string): FinishedStage | undefined
  /** The twin of that key, as a distillation that is finished recorded it. */
  findTwin(key: string): Twin | undefined
}

interface Row {
  readonly runId: string
  readonly position: number
  readonly use: StageUse
  readonly state: StageRecord['state']
  readonly startedAt: number | null
  readonly seconds: number | null
  readonly cached: number
  readonly outcome: string | null
}

const columns = 'run_id AS runId, position, use, state, started_at AS startedAt, seconds, cached, outcome'

const read = ({ runId: _, position, cached, outcome, ...row }: Row): StageRecord => ({
  index: position,
  ...row,
  cached: cached === 1,
  outcome: fromStoredOrNull(stageOutcomeSchema, outcome, 'stage results'),
})

type StoredFinished = Omit<FinishedStage, 'outcome'> & { readonly outcome: string }
const finishedColumns = 'run_id AS runId, position, seconds, outcome, weights'

const readFinished = (row: StoredFinished): FinishedStage => ({
  ...row,
  outcome: fromStoredOrNull(stageOutcomeSchema, row.outcome, 'stage results')!,
})

export function createStages(db: Database.Database): StagesTable {
  const insert = db.prepare<[string, number, string]>(
    `INSERT INTO stages (run_id, position, use, state) VALUES (?, ?, ?, 'waiting')`,
  )
  const ofRun = db.prepare<[string], Row>(`SELECT ${columns} FROM stages WHERE run_id = ? ORDER BY position`)
  const all = db.prepare<[], Row>(`SELECT ${columns} FROM stages ORDER BY run_id, position`)
  const start = db.prepare<[number, string, number]>(
    `UPDATE stages SET state = 'running', started_at = ? WHERE run_id = ? AND position = ?`,
  )
  const finish = db.prepare<[number, string, string, string | null, number, number, string, number]>(
    `UPDATE stages SET state = 'finished', seconds = ?, outcome = ?, key = ?, weights = ?, cached = ?,
       started_at = coalesce(started_at, ?)
     WHERE run_id = ? AND position = ?`,
  )
  const end = db.prepare<[string, string]>(`UPDATE stages SET state = ? WHERE run_id = ? AND state = 'running'`)
  const reset = db.prepare<[string]>(
    `UPDATE stages SET state = 'waiting', started_at = NULL, seconds = NULL WHERE run_id = ? AND state <> 'finished'`,
  )
  const finishedOf = db.prepare<[string], StoredFinished>(
    `SELECT ${finishedColumns} FROM stages WHERE run_id = ? AND state = 'finished' ORDER BY position`,
  )
  const finished = db.prepare<[string], StoredFinished>(
    `SELECT ${finishedColumns} FROM stages
     WHERE key = ? AND state = 'finished' ORDER BY cached, started_at DESC LIMIT 1`,
  )
  const withTwin = db
    .prepare<[string], string>(
      `SELECT outcome FROM stages
       WHERE use = 'distill' AND state = 'finished' AND json_extract(outcome, '$.result.twinKey') = ? LIMIT 1`,
    )
    .pluck()
  return {
    add(runId, uses) {
      for (const [position, use] of uses.entries()) insert.run(runId, position, use)
    },
    ofRun: runId => ofRun.all(runId).map(read),
    all() {
      const byRun = new Map<string, StageRecord[]>()
      for (const row of all.iterate()) {
        const stages = byRun.get(row.runId)
        if (stages) stages.push(read(row))
        else byRun.set(row.runId, [read(row)])
      }
      return byRun
    },
    start: (runId, position, at) => void start.run(at, runId, position),
    finish(runId, position, { seconds, outcome, key, weights, cached, startedAt }) {
      finish.run(seconds, toStored(outcome), key, weights, cached ? 1 : 0, startedAt, runId, position)
    },
    end: (runId, state) => void end.run(state, runId),
    reset: runId => void reset.run(runId),
    finishedOf(runId) {
      const stages = finishedOf.all(runId).map(readFinished)
      return stages.filter(({ position }, index) => position === index)
    },
    findTwin(key) {
      const outcome = fromStoredOrNull(stageOutcomeSchema, withTwin.get(key) ?? null, 'stage results')
      if (outcome?.use !== 'distill') return
      // How near it comes to a teacher was measured on that run's.
      const { fidelity: _, ...twin } = outcome.result.twin
      return twin
    },
    findFinished(key) {
      const row = finished.get(key)
      return row && readFinished(row)
    },
  }
}
