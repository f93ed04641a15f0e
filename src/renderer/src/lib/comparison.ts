/** Compared runs as lines of a chart, as a layers x runs matrix, and as a file. */

import { type CsvValue, toCsv } from '../../../shared/csv.ts'
import type { ComparedRun, Comparison } from '../../../shared/domain.ts'

export interface ComparedLine {
  readonly name: string
  /** By sparsity. */
  readonly runs: readonly ComparedRun[]
}

/** What a line stands for: all that differs, but for the sparsity that is its axis. */
const isLineKey = (path: string) => !/(^|\.)sparsity$/.test(path)

const shortValue = (value: string) => value.split(/[\\/]/).filter(Boolean).at(-1) ?? value

/** More settings than this are no name that anybody could read. */
const mostInName = 3

const nameOfRuns = ([first, ...others]: readonly ComparedRun[]): string =>
  `${first?.number} ${first?.name}${others.length > 0 ? ` and ${others.length} more` : ''}`

export function linesOf({ runs, differing }: Comparison): ComparedLine[] {
  const keys = differing.filter(isLineKey)
  const lines = new Map<string, ComparedRun[]>()
  for (const run of runs) {
    const name = keys.map(key => shortValue(run.settings[key] ?? 'none')).join(' · ')
    lines.set(name, [...(lines.get(name) ?? []), run])
  }
  return [...lines].map(([name, members]) => ({
    name: keys.length > mostInName ? nameOfRuns(members) : name || 'All runs',
    runs: [...members].sort((a, b) => (a.sparsity ?? 0) - (b.sparsity ?? 0)),
  }))
}

export interface LayerMatrix {
  readonly layers: readonly string[]
  /** Share of zeros at [layer][run]; null where the run has no such layer. */
  readonly shares: readonly (readonly (number | null)[])[]
}

/** Layers in forward order; those of other architectures follow where they first appear. */
export function layerMatrix(runs: readonly ComparedRun[]): LayerMatrix {
  const layers = [...new Set(runs.flatMap(run => run.layers.map(layer => layer.name)))]
  const byRun = runs.map(run => new Map(run.layers.map(layer => [layer.name, layer.zeros / layer.weights])))
  return { layers, shares: layers.map(name => byRun.map(shares => shares.get(name) ?? null)) }
}

/** Accuracy of each class of each run, by class name; null where a run did not score that class. */
export function classMatrix(runs: readonly ComparedRun[]): { classes: string[]; shares: (number | null)[][] } {
  const classes = [...new Set(runs.flatMap(run => run.classes.map(entry => entry.name)))]
  const byRun = runs.map(run => new Map(run.classes.map(c => [c.name, c.total > 0 ? c.correct / c.total : null])))
  return { classes, shares: classes.map(name => byRun.map(shares => shares.get(name) ?? null)) }
}

export function comparisonCsv({ runs }: Comparison): string {
  const paths = [...new Set(runs.flatMap(run => Object.keys(run.settings)))]
  const head: CsvValue[] = [
    ...[
      'run',
      'name',
      'seed',
      'state',
      'model',
      'data',
      'top1',
      'correct',
      'total',
      'top5',
      'loss',
      'split',
      'top1 before',
      'split before',
    ],
    ...['sparsity', 'zeros', 'weights', 'macs', 'nonzero macs', 'seconds', 'id'],
    ...paths,
  ]
  const body = runs.map((run): CsvValue[] => {
    const { accuracy: a, before } = run
    return [
      ...[run.number, run.name, run.seed, run.state, run.model, run.data],
      ...[a?.top1, a?.correct, a?.total, a?.top5, a?.loss, a?.split, before?.top1, before?.split],
      ...[run.sparsity, run.zeros, run.weights, run.macs, run.nonzeroMacs, run.seconds, run.id],
      ...paths.map(path => run.settings[path]),
    ]
  })
  return toCsv([head, ...body])
}
