/** What the charts of batch norm have in common: moments across, one scale of colours. */
import type { NormSnapshot } from '../../../../shared/features.ts'
import { viridis } from '../../lib/color-scale.ts'
import { count } from '../../lib/format.ts'
import { axisStyle, type ChartColors } from '../charts/chart-theme.ts'

export const heat = (
  colors: ChartColors,
  cells: readonly (readonly number[])[],
  { most, isFine }: { readonly most: number; readonly isFine: boolean },
) => ({
  visualMap: { show: false, min: 0, max: most, dimension: 2, inRange: { color: [...viridis] } },
  series: [
    {
      type: 'heatmap',
      // Drawn at once: progressive drawing flashes (echarts #17458).
      progressive: 0,
      data: cells,
      itemStyle: isFine ? { borderWidth: 0 } : { borderColor: colors.page, borderWidth: 1 },
    },
  ],
})

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
