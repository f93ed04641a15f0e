/** Runs: what was asked for, how it stands, what came of it. Their stages are in `stages.ts`. */
import type Database from 'better-sqlite3'
import {
  progressSchema,
  type RunProgress,
  type RunState,
  type RunSummary,
  type StageRecord,
} from '../../shared/domain.ts'
import { type ErrorData, errorDataSchema } from '../../shared/errors.ts'
import { type Recipe, recipeSchema } from '../../shared/recipe.ts'
import { type RunInputs, runInputsSchema } from './run-inputs.ts'
import type { StagesTable } from './stages.ts'
import { fromStored, fromStoredOrNull, toStored, toStoredOrNull } from './stored.ts'

export interface NewRun {
  readonly id: string
  readonly ownerId: string
  readonly recipeId: string | null
  readonly recipe: Recipe
  readonly seed: number
  readonly again: boolean
  /** The run whose search it is a part of. */
  readonly triedBy?: string
  readonly at: number
}

export interface StoredRun {
  readonly summary: RunSummary
  readonly ownerId: string
  readonly recipe: Recipe
  readonly again: boolean
  readonly stopRequested: boolean
  readonly inputs: RunInputs | null
  readonly device: string | null
  readonly progress: RunProgress | null
}

/** What a person may make of a run before its end. */
export type EarlyState = 'paused' | 'stopped'

export interface RunsTable {
  add(run: NewRun): RunSummary
  list(): RunSummary[]
  get(id: string): StoredRun | undefined
  summary(id: string): RunSummary | undefined
  /** Ids of queued and running runs of an owner, oldest first. */
  unfinished(ownerId: string): string[]
  /** Runs of an owner that another process asked to stop or to pause. */
  stopRequests(ownerId: string): { id: string; state: EarlyState }[]
  start(id: string, at: number): void
  setInputs(id: string, identity: string, inputs: RunInputs): void
  setDevice(id: string, device: string): void
  setProgress(id: string, progress: RunProgress): void
  requestStop(id: string, state: EarlyState): void
  /** Queues a run that ended early, for an owner. Whether it had. */
  requeue(id: string, ownerId: string): boolean
  /** Ends a run that is queued or running. Whether it was. */
  end(id: string, state: Exclude<RunState, 'queued' | 'running'>, at: number, error: ErrorData | null): boolean
  remove(id: string): boolean
}

interface Row {
  readonly number: number
  readonly id: string
  readonly ownerId: string
  readonly recipeId: string | null
  readonly triedBy: string | null
  readonly name: string
  readonly seed: number
  readonly state: RunState
  readonly identity: string | null
  readonly error: string | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
}

interface FullRow extends Row {
  readonly recipe: string
  readonly again: number
  readonly stopRequested: number
  readonly inputs: string | null
  readonly device: string | null
  readonly progress: string | null
}

const columns = `number, id, owner_id AS ownerId, recipe_id AS recipeId, tried_by AS triedBy, name, seed, state, identity, error,
  created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt`
const fullColumns = `${columns}, recipe, again, stop_requested AS stopRequested, inputs, device, progress`

const readSummary = (row: Row, stages: StageRecord[]): RunSummary => ({
  id: row.id,
  number: row.number,
  name: row.name,
  seed: row.seed,
  state: row.state,
  identity: row.identity,
  recipeId: row.recipeId,
  triedBy: row.triedBy,
  createdAt: row.createdAt,
  startedAt: row.startedAt,
  endedAt: row.endedAt,
  error: fromStoredOrNull(errorDataSchema, row.error, 'errors'),
  stages,
})

export function createRuns(db: Database.Database, stages: StagesTable): RunsTable {
  const insert = db.prepare<[string, string, string | null, string | null, string, number, number, string, number]>(
    `INSERT INTO runs (id, owner_id, recipe_id, tried_by, name, seed, state, again, recipe, created_at)
     VALUES (?, ?, (SELECT id FROM recipes WHERE id = ?), ?, ?, ?, 'queued', ?, ?, ?)`,
  )
  const all = db.prepare<[], Row>(`SELECT ${columns} FROM runs ORDER BY number`)
  const one = db.prepare<[string], FullRow>(`SELECT ${fullColumns} FROM runs WHERE id = ?`)
  const unfinished = db
    .prepare<[string], string>(
      `SELECT id FROM runs WHERE owner_id = ? AND state IN ('queued', 'running') ORDER BY number`,
    )
    .pluck()
  const stopRequests = db.prepare<[string], { id: string; state: EarlyState }>(
    `SELECT id, iif(stop_requested = 2, 'paused', 'stopped') AS state FROM runs
     WHERE owner_id = ? AND stop_requested > 0 AND state IN ('queued', 'running')`,
  )
  const start = db.prepare<[number, string]>(`UPDATE runs SET state = 'running', started_at = ? WHERE id = ?`)
  const setInputs = db.prepare<[string, string, string]>('UPDATE runs SET identity = ?, inputs = ? WHERE id = ?')
  const setDevice = db.prepare<[string, string]>('UPDATE runs SET device = ? WHERE id = ?')
  const setProgress = db.prepare<[string, string]>('UPDATE runs SET progress = ? WHERE id = ?')
  const requestStop = db.prepare<[number, string]>('UPDATE runs SET stop_requested = ? WHERE id = ?')
  const requeue = db.prepare<[string, string]>(
    `UPDATE runs SET state = 'queued', owner_id = ?, stop_requested = 0, error = NULL, ended_at = NULL
     WHERE id = ? AND state IN ('paused', 'stopped', 'failed', 'interrupted')`,
  )
  const end = db.prepare<[string, number, string | null, string]>(
    `UPDATE runs SET state = ?, ended_at = ?, error = ?, progress = NULL
     WHERE id = ? AND state IN ('queued', 'running')`,
  )
  const remove = db.prepare<[string]>('DELETE FROM runs WHERE id = ?')

  return {
    add({ id, ownerId, recipeId, recipe, seed, again, triedBy, at }) {
      insert.run(id, ownerId, recipeId, triedBy ?? null, recipe.name, seed, again ? 1 : 0, toStored(recipe), at)
      stages.add(
        id,
        recipe.stages.map(({ use }) => use),
      )
      return readSummary(one.get(id)!, stages.ofRun(id))
    },
    list() {
      const byRun = stages.all()
      return all.all().map(row => readSummary(row, byRun.get(row.id) ?? []))
    },
    get(id) {
      const row = one.get(id)
      if (!row) return
      return {
        summary: readSummary(row, stages.ofRun(id)),
        ownerId: row.ownerId,
        recipe: fromStored(recipeSchema, row.recipe, 'recipe of a run'),
        again: row.again === 1,
        stopRequested: row.stopRequested === 1,
        inputs: fromStoredOrNull(runInputsSchema, row.inputs, 'inputs of a run'),
        device: row.device,
        progress: fromStoredOrNull(progressSchema, row.progress, 'progress of a run'),
      }
    },
    summary(id) {
      const row = one.get(id)
      return row && readSummary(row, stages.ofRun(id))
    },
    unfinished: ownerId => unfinished.all(ownerId),
    stopRequests: ownerId => stopRequests.all(ownerId),
    start: (id, at) => void start.run(at, id),
    setInputs: (id, identity, inputs) => void setInputs.run(identity, toStored(inputs), id),
    setDevice: (id, device) => void setDevice.run(device, id),
    setProgress: (id, progress) => void setProgress.run(toStored(progress), id),
    requestStop: (id, state) => void requestStop.run(state === 'paused' ? 2 : 1, id),
    requeue: (id, ownerId) => requeue.run(ownerId, id).changes > 0,
    end: (id, state, at, error) => end.run(state, at, toStoredOrNull(error), id).changes > 0,
    remove: id => remove.run(id).changes > 0,
  }
}
