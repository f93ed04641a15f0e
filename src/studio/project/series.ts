/** What a run says while it works: points of curves, zeros per layer, rounds of a federation, lines of its log. Appended only. */
import type Database from 'better-sqlite3'
import { z } from 'zod'
import type { LayerSnapshot, MetricPoint } from '../../shared/domain.ts'
import { type NormSnapshot, normSnapshotSchema } from '../../shared/features.ts'
import { federationReportSchema, type ReportedFederation } from '../../shared/federation-report.ts'
import { layerSparsitySchema } from '../../shared/stage.ts'
import { fromStored, toStored } from './stored.ts'

/** Rows carry ids that only grow: what is new since an id is what another process has to be told. */
export interface Series<Item> {
  append(runId: string, items: readonly Item[]): void
  ofRun(runId: string): Item[]
  /** Rows of a run after `id`. */
  since(runId: string, id: number): Item[]
  last(): number
}

export interface StageSeries<Item> extends Series<Item> {
  /** Takes over what another run recorded during one of its stages. */
  copy(fromRun: string, stage: number, toRun: string): void
  /** Forgets what a run recorded of a stage after `step`, and of all later stages. */
  cut(runId: string, stage: number, step: number): void
}

function createSeries<Item, Row>(
  db: Database.Database,
  table: 'metrics' | 'layer_statistics' | 'norm_statistics' | 'federation_reports' | 'log',
  columns: readonly string[],
  toRow: (item: Item) => readonly (string | number)[],
  fromRow: (row: Row) => Item,
): StageSeries<Item> {
  const names = columns.join(', ')
  const insert = db.prepare<(string | number)[]>(
    `INSERT INTO ${table} (run_id, ${names}) VALUES (?, ${columns.map(() => '?').join(', ')})`,
  )
  const since = db.prepare<[string, number], Row>(
    `SELECT ${names} FROM ${table} WHERE run_id = ? AND id > ? ORDER BY id`,
  )
  const last = db.prepare<[], number>(`SELECT coalesce(max(id), 0) FROM ${table}`).pluck()
  return {
    append(runId, items) {
      for (const item of items) insert.run(runId, ...toRow(item))
    },
    ofRun: runId => since.all(runId, 0).map(fromRow),
    since: (runId, id) => since.all(runId, id).map(fromRow),
    last: () => last.get() ?? 0,
    copy(fromRun, stage, toRun) {
      db.prepare(
        `INSERT INTO ${table} (run_id, ${names}) SELECT ?, ${names} FROM ${table} WHERE run_id = ? AND stage = ? ORDER BY id`,
      ).run(toRun, fromRun, stage)
    },
    cut(runId, stage, step) {
      db.prepare(`DELETE FROM ${table} WHERE run_id = ? AND (stage > ? OR (stage = ? AND step > ?))`).run(
        runId,
        stage,
        stage,
        step,
      )
    },
  }
}

export interface MetricSeries extends StageSeries<MetricPoint> {
  /** As `cut`, without the curves whose names begin with `prefix`: a part of the stage that is done. */
  cutBut(runId: string, stage: number, step: number, prefix: string): void
}

export function createMetrics(db: Database.Database): MetricSeries {
  const series = createMetricSeries(db)
  return {
    ...series,
    cutBut(runId, stage, step, prefix) {
      series.cut(runId, stage + 1, -1)
      db.prepare(
        'DELETE FROM metrics WHERE run_id = ? AND stage = ? AND step > ? AND substr(name, 1, length(?)) <> ?',
      ).run(runId, stage, step, prefix, prefix)
    },
  }
}

const createMetricSeries = (db: Database.Database): StageSeries<MetricPoint> =>
  createSeries<MetricPoint, MetricPoint>(
    db,
    'metrics',
    ['stage', 'name', 'step', 'value'],
    ({ stage, name, step, value }) => [stage, name, step, value],
    row => row,
  )

const layersSchema = z.array(layerSparsitySchema)

export const createLayerStatistics = (db: Database.Database): StageSeries<LayerSnapshot> =>
  createSeries<LayerSnapshot, { stage: number; step: number; layers: string }>(
    db,
    'layer_statistics',
    ['stage', 'step', 'layers'],
    ({ stage, step, layers }) => [stage, step, toStored(layers)],
    row => ({ ...row, layers: fromStored(layersSchema, row.layers, 'layer statistics') }),
  )

const normsSchema = normSnapshotSchema.shape.layers

export const createNormStatistics = (db: Database.Database): StageSeries<NormSnapshot> =>
  createSeries<NormSnapshot, { stage: number; step: number; layers: string }>(
    db,
    'norm_statistics',
    ['stage', 'step', 'layers'],
    ({ stage, step, layers }) => [stage, step, toStored(layers)],
    row => ({ ...row, layers: fromStored(normsSchema, row.layers, 'batch norm statistics') }),
  )

export const createFederationReports = (db: Database.Database): StageSeries<ReportedFederation> =>
  createSeries<ReportedFederation, { stage: number; step: number; report: string }>(
    db,
    'federation_reports',
    ['stage', 'step', 'report'],
    ({ stage, step, report }) => [stage, step, toStored(report)],
    row => ({ ...row, report: fromStored(federationReportSchema, row.report, 'reports of a federation') }),
  )

export interface LogLine {
  /** Milliseconds since 1970, UTC. */
  readonly at: number
  readonly text: string
}

export const createLog = (db: Database.Database): Series<LogLine> =>
  createSeries<LogLine, LogLine>(
    db,
    'log',
    ['at', 'text'],
    ({ at, text }) => [at, text],
    row => row,
  )
