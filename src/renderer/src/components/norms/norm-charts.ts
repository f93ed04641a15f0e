/** What the charts of batch norm have in common: moments across. */
import type { NormSnapshot } from '../../../../shared/features.ts'
import { count } from '../../lib/format.ts'
import { axisStyle, type ChartColors } from '../charts/chart-theme.ts'

const labels = 8

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
      // Every so many moments one: which the chart drops by itself where they are narrow are no even steps.
      axisLabel: { ...axis.axisLabel, interval: Math.ceil(snapshots.length / labels) - 1 },
    },
  }
}
