/** Charts of a report as SVG. Each stands beside a table of the same numbers. */
import { accuracy, type Html, html, percent } from './text.ts'

export interface Bar {
  readonly name: string
  readonly share: number
  /** Samples that the share is of. */
  readonly total: number
}

const width = 912
const labelWidth = 220

export const seriesColour = (index: number): string => `var(--series-${(index % 7) + 1})`

/** Bars from 0 to 100 %, so that lengths are to each other as the shares are. */
export function barChart(title: string, bars: readonly Bar[]): Html {
  const row = 28
  const full = width - labelWidth - 72
  return html`<svg viewBox="0 0 ${width} ${bars.length * row}" width="${width}" role="img" aria-label="${title}">
${bars.map(({ name, share, total }, index) => {
  const y = index * row
  const length = (full * share).toFixed(1)
  return html`<text x="0" y="${y + 18}" fill="var(--ink)">${shortened(name)}</text>
<rect x="${labelWidth}" y="${y + 6}" width="${full}" height="16" fill="var(--bar-rest)"/>
<rect x="${labelWidth}" y="${y + 6}" width="${length}" height="16" fill="var(--bar)"/>
<text x="${width}" y="${y + 18}" text-anchor="end" fill="var(--ink)">${accuracy(share, total)}</text>
`
})}</svg>`
}

export interface Curve {
  readonly name: string
  /** One value an epoch, shares; null where there is none. */
  readonly values: readonly (number | null)[]
}

/** Lines over epochs. The vertical axis begins at the lowest whole tenth that is needed, and says so at its ticks. */
export function lineChart(title: string, curves: readonly Curve[]): Html {
  const [height, left, right, top, bottom] = [260, 48, 8, 12, 36]
  const all = curves.flatMap(({ values }) => values.filter(value => value !== null))
  const low = Math.min(0.9, Math.floor(10 * Math.min(...all)) / 10)
  const epochs = Math.max(2, ...curves.map(({ values }) => values.length))
  const x = (epoch: number): number => left + ((width - left - right) * (epoch - 1)) / (epochs - 1)
  const y = (share: number): number => top + ((height - top - bottom) * (1 - share)) / (1 - low)
  const tenths = Array.from({ length: Math.round(10 * (1 - low)) + 1 }, (_, step) => low + step / 10)
  const every = Math.max(1, Math.ceil(epochs / 12))
  const marked = Array.from({ length: epochs }, (_, at) => at + 1).filter(epoch => (epoch - 1) % every === 0)
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${title}">
${tenths.map(
  share => html`<line x1="${left}" x2="${width - right}" y1="${y(share)}" y2="${y(share)}" stroke="var(--line)"/>
<text x="${left - 8}" y="${y(share) + 4}" text-anchor="end" fill="var(--ink-3)">${percent(share, 0)}</text>
`,
)}${marked.map(
  epoch => html`<text x="${x(epoch)}" y="${height - bottom + 18}" text-anchor="middle" fill="var(--ink-3)">${epoch}</text>
`,
)}<text x="${width - right}" y="${height - 4}" text-anchor="end" fill="var(--ink-3)">epoch</text>
${curves.map((curve, index) => curveLine(curve, seriesColour(index), x, y)).reverse()}</svg>`
}

/** The first curves are drawn last, so that they are seen where others go the same way. */
function curveLine(
  { values }: Curve,
  colour: string,
  x: (epoch: number) => number,
  y: (share: number) => number,
): Html {
  const points = values.flatMap((value, at) =>
    value === null ? [] : [{ x: x(at + 1).toFixed(1), y: y(value).toFixed(1) }],
  )
  const path = points.map(point => `${point.x},${point.y}`).join(' ')
  return html`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>
${points.map(point => html`<circle cx="${point.x}" cy="${point.y}" r="2.5" fill="${colour}"/>`)}
`
}

const shortened = (name: string): string => (name.length > 32 ? `${name.slice(0, 31)}…` : name)
