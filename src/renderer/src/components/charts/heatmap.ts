/** What heatmaps have in common: one scale of colours, cells as [column, row, value]. */
import { viridis } from '../../lib/color-scale.ts'
import type { ChartColors } from './chart-theme.ts'

/** From 0 to `most`. */
export const heatScale = (most: number) => ({
  show: false,
  min: 0,
  max: most,
  dimension: 2,
  inRange: { color: [...viridis] },
})

/** Many cells are `fine`: lines between them would be all that is seen. */
export const heatSeries = (
  colors: ChartColors,
  cells: readonly (readonly number[])[],
  { isFine }: { readonly isFine: boolean },
) => ({
  type: 'heatmap',
  // Drawn at once: progressive drawing flashes (echarts #17458).
  progressive: 0,
  data: cells,
  itemStyle: isFine ? { borderWidth: 0 } : { borderColor: colors.page, borderWidth: 1 },
})
