/** What the axes of training curves are called, and how their numbers read. */
import type { Axis } from '../../lib/curves.ts'
import { count, duration } from '../../lib/format.ts'

export const axisNames: Record<Axis, string> = { step: 'Step', epoch: 'Epoch', time: 'Time', sparsity: 'Sparsity' }

export function axisText(axis: Axis, x: number): string {
  switch (axis) {
    case 'step':
      return count(x)
    case 'epoch':
      return String(Number(x.toFixed(2)))
    case 'time':
      return x === 0 ? '0 s' : duration(x).replace('.0', '')
    case 'sparsity':
      return `${Number((x * 100).toFixed(1))} %`
  }
}
