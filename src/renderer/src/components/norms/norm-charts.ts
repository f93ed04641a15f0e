/** What the charts of batch norm have in common: moments across. */
import type { NormSnapshot } from '../../../../shared/features.ts'
import { count } from '../../lib/format.ts'
import { axisStyle, type ChartColors } from '../charts/chart-theme.ts'

export function frame(colors: ChartColors, snapshots: readonly NormSnapshot[]) {
  const axis = axisStyle(colors)
  return {
    animation: false,
    grid: { left: 4, right: 8, top: 4, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: {
      type: 'category',
      data: snapshots.map(({ step }) => count(step)),
      ...axis,
      axisLine: { show: false },
      splitLine: { show: false },
      axisLabel: { ...axis.axisLabel, hideOverlap: true },
    },
  }
}
