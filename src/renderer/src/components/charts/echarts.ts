/** The parts of ECharts that are used, and no others. */
import { HeatmapChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  AriaComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components'
import type { EChartsCoreOption } from 'echarts/core'
import { connect, init, use } from 'echarts/core'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'

use([
  LineChart,
  HeatmapChart,
  ScatterChart,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
  AriaComponent,
  CanvasRenderer,
  SVGRenderer,
])

export type ChartOption = EChartsCoreOption

/** Charts of one group show their cursors at the same place. */
export { connect as connectCharts }

/** The chart as a vector picture, whatever it is drawn with on the screen. */
export function toSvg(option: ChartOption, width: number, height: number, background: string): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ ...option, animation: false, backgroundColor: background })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
