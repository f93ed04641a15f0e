/** The design tokens as ECharts needs them: resolved colours, asked for again when the theme changes. */
import { computed } from 'vue'
import { theme } from '../../theme.ts'

const seriesCount = 7

export interface ChartColors {
  readonly ink: string
  readonly ink2: string
  readonly ink3: string
  readonly line: string
  readonly page: string
  readonly raised: string
  readonly accent: string
  readonly series: readonly string[]
}

export const chartColors = computed<ChartColors>(() => {
  // Read for the dependency: the values below follow the attribute that this sets.
  document.documentElement.dataset['theme'] = theme.value
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    ink: token('ink'),
    ink2: token('ink-2'),
    ink3: token('ink-3'),
    line: token('line'),
    page: token('page'),
    raised: token('raised'),
    accent: token('accent'),
    series: Array.from({ length: seriesCount }, (_, i) => token(`series-${i + 1}`)),
  }
})

/** Colours that repeat change their shape and their dashes, so that colour is never the only difference. */
const symbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin', 'arrow'] as const
const dashes = ['solid', 'dashed', 'dotted'] as const

export const seriesLook = (colors: ChartColors, index: number) => ({
  color: colors.series[index % seriesCount] ?? colors.accent,
  symbol: symbols[index % symbols.length] ?? 'circle',
  dash: dashes[Math.floor(index / seriesCount) % dashes.length] ?? 'solid',
})

export const fontOf = (colors: ChartColors) => ({
  fontFamily: 'Inter, system-ui, sans-serif',
  fontSize: 11,
  color: colors.ink3,
})

/** An axis in the manner of the house: faint grid, no ticks, words in the ink of captions. */
export function axisStyle(colors: ChartColors) {
  return {
    nameTextStyle: { ...fontOf(colors), color: colors.ink2, fontSize: 12 },
    axisLabel: fontOf(colors),
    axisLine: { lineStyle: { color: colors.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colors.line } },
  }
}

/**
 * The end of an axis whose values are `most` at the most: `most` where the axis would end beyond it, chosen by the chart
 * (null) elsewhere. A chart gives equal values half of their size more, and others about a quarter of their range.
 */
export const upTo =
  (most: number) =>
  ({ min, max }: { readonly min: number; readonly max: number }): number | null =>
    (max > min ? max + (max - min) / 4 : 1.5 * max) > most ? most : null

export function tooltipStyle(colors: ChartColors) {
  return {
    backgroundColor: colors.raised,
    borderColor: colors.line,
    padding: [8, 12],
    textStyle: { ...fontOf(colors), fontSize: 12, color: colors.ink },
    // Above all that scrolls, never cut off by a panel.
    appendTo: 'body',
    transitionDuration: 0,
  }
}

/** The content of a tooltip as elements: names come from files, and must never be read as HTML. */
export function tooltipLines(title: string, lines: readonly (readonly [string, string])[]): HTMLElement {
  const box = document.createElement('div')
  const head = document.createElement('div')
  head.textContent = title
  head.style.fontWeight = '600'
  box.append(head)
  for (const [name, value] of lines) {
    const line = document.createElement('div')
    line.style.cssText = 'display:flex;justify-content:space-between;gap:20px;font-variant-numeric:tabular-nums'
    const left = document.createElement('span')
    left.textContent = name
    left.style.opacity = '0.75'
    const right = document.createElement('span')
    right.textContent = value
    line.append(left, right)
    box.append(line)
  }
  return box
}
