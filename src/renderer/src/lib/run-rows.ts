/** Runs as the rows of a table. */

import { type CsvValue, toCsv } from '../../../shared/csv.ts'
import type { ListedRun } from '../../../shared/listed-run.ts'
import { elapsed, isScoreCurrent, outcomeOf } from './run-detail.ts'

export interface RunRow {
  readonly run: ListedRun
  readonly top1: number | null
  readonly total: number
  /** What was scored. */
  readonly split: string | undefined
  /** The score is of the model as the run left it. */
  readonly isCurrent: boolean
  /** Last minus first evaluate stage; null with fewer than two of the same split. */
  readonly change: number | null
  readonly sparsity: number | null
  readonly seconds: number | null
}

export function rowOf(run: ListedRun, now: number): RunRow {
  const { first, last, sparsity } = outcomeOf(run)
  const isComparable = first && last && first !== last && first.split === last.split
  return {
    run,
    top1: last?.top1 ?? null,
    total: last?.total ?? 0,
    split: last?.split,
    isCurrent: isScoreCurrent(run),
    change: isComparable ? last.top1 - first.top1 : null,
    sparsity,
    seconds: elapsed(run, now),
  }
}

export function runsCsv(rows: readonly RunRow[]): string {
  const head: CsvValue[] = [
    'run',
    'name',
    'seed',
    'state',
    'top1',
    'correct',
    'total',
    'split',
    'top1 change',
    'sparsity',
    'seconds',
    'created',
    'id',
  ]
  const body = rows.map(({ run, top1, split, change, sparsity, seconds }): CsvValue[] => {
    const { last } = outcomeOf(run)
    const created = new Date(run.createdAt).toISOString()
    return [
      run.number,
      run.name,
      run.seed,
      run.state,
      top1,
      last?.correct,
      last?.total,
      split,
      change,
      sparsity,
      seconds,
      created,
      run.id,
    ]
  })
  return toCsv([head, ...body])
}
