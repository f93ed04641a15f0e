/** The tables of layer-adaptive pruning, of the cells that are there. */
import { mean, sampleStandardDeviation } from '../../src/core/statistics/summary.ts'
import { markdownTable } from '../section.ts'
import {
  allMethods,
  type Cell,
  type Cells,
  jointSparsities,
  keyOf,
  type Method,
  oneShotSparsities,
  seeds,
  type tuned,
} from './cells.ts'

const percent = (share: number) => (100 * share).toFixed(1)

export function oneShotTable(cells: Cells, network: string): string | undefined {
  const dense = cells.get(keyOf(network, 'one-shot', 'dense', 0))
  if (!dense) return
  const rows = allMethods.flatMap(name => {
    const found = oneShotSparsities.map(sparsity => cells.get(keyOf(network, 'one-shot', name, sparsity)))
    return found.some(Boolean) ? [[name, ...found.map(one => (one ? percent(one['top1']!) : ''))]] : []
  })
  const head = ['allocation', ...oneShotSparsities.map(sparsity => `${percent(sparsity)} %`)]
  return `${network} (dense ${percent(dense['top1']!)} %):\n\n${markdownTable([head, ...rows])}`
}

/** Mean and standard deviation over the seeds, of the networks and sparsities in `columns` of which anything is known. */
export function seedsTable(
  cells: Cells,
  kind: string,
  columns: typeof tuned,
  methods: readonly Method[],
): string | undefined {
  const scores = (name: Method, [network, sparsity]: (typeof tuned)[number]) =>
    seeds.flatMap(seed => cells.get(keyOf(network, kind, name, sparsity, seed))?.['top1'] ?? [])
  const known = columns.filter(column => methods.some(name => scores(name, column).length > 0))
  if (known.length === 0) return
  const text = (found: readonly number[]) => {
    if (found.length === 0) return ''
    const spread = sampleStandardDeviation(found)
    const count = found.length < seeds.length ? ` (n = ${found.length})` : ''
    return `${percent(mean(found))}${spread === null ? '' : ` ± ${percent(spread)}`}${count}`
  }
  return markdownTable([
    ['allocation', ...known.map(([network, sparsity]) => `${network}, ${percent(sparsity)} %`)],
    ...methods.map(name => [name, ...known.map(column => text(scores(name, column)))]),
  ])
}

export function jointTable(cells: Cells): string | undefined {
  const rows = allMethods.flatMap(name => {
    const found = jointSparsities.map(sparsity => cells.get(keyOf('ResNet-20', 'joint', name, sparsity)))
    const text = (one: Cell | undefined) => (one ? `${short(one['sum']!)} / ${short(one['joint']!)}` : '')
    return found.some(Boolean) ? [[name, ...found.map(text)]] : []
  })
  if (rows.length === 0) return
  return markdownTable([['allocation', ...jointSparsities.map(sparsity => `${percent(sparsity)} %`)], ...rows])
}
const short = (value: number) => String(Number(value.toPrecision(3)))
