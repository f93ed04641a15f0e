/** A plot in text of where shares began and ended: one line each, all on one scale from 0 to 100 %. */

export interface Span {
  readonly name: string
  /** In [0, 1]; null where there is no beginning to show. */
  readonly from: number | null
  readonly to: number
  readonly text: string
}

/** `x` is the beginning, `o` the end, at most `columns` wide. */
export function spanPlot(spans: readonly Span[], columns: number): string[] {
  const nameWidth = Math.max(...spans.map(({ name }) => name.length))
  const textWidth = Math.max(...spans.map(({ text }) => text.length))
  const width = Math.max(12, columns - nameWidth - textWidth - 4)
  const at = (share: number): number => Math.round((width - 1) * Math.min(1, Math.max(0, share)))
  const lines = spans.map(({ name, from, to, text }) => {
    const line = Array<string>(width).fill('.')
    const [start, end] = [at(from ?? to), at(to)]
    line.fill('-', Math.min(start, end), Math.max(start, end))
    if (from !== null) line[start] = 'x'
    line[end] = 'o'
    return `${name.padEnd(nameWidth)}  ${line.join('')}  ${text.padStart(textWidth)}`
  })
  return [...lines, `${' '.repeat(nameWidth)}  0 %${'100 %'.padStart(width - 3)}`]
}
