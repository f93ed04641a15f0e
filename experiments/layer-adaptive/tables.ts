/** The tables of layer-adaptive pruning in one shot, of the cells that are there. */
import { markdownTable } from '../section.ts'
import { allMethods, type Cell, type Cells, jointSparsities, keyOf, oneShotSparsities } from './cells.ts'

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
