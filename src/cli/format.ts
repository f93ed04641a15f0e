/** Numbers and tables for a person. */

export { count } from '../shared/plural.ts'

export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`

export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`
  if (value < 90) return `${Math.round(value)} s`
  if (value < 5400) return `${Math.round(value / 60)} min`
  return `${(value / 3600).toFixed(1)} h`
}

/** Multiply-accumulates: 40.6 M. */
export function macs(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`
  }
  return String(value)
}

/** Decimal, as traffic is counted: 3.21 MB. */
export function bytes(value: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`
  }
  return `${value} B`
}

/** Text from a file, which may hold what a terminal would obey: control characters become `?`. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?')

/** One JSON value a line. JSON escapes control characters but the upper ones, which a terminal may obey as well. */
export const jsonLine = (value: unknown): string =>
  `${JSON.stringify(value).replaceAll(/[\x7f-\x9f]/g, sign => `\\u00${sign.charCodeAt(0).toString(16)}`)}\n`

export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  /** Numbers stand right. */
  readonly right?: boolean
}

/** Lines of a table, the first being the titles. Each line ends without spaces. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map(({ title }) => printable(title)),
    ...rows.map(row => columns.map(({ text }) => printable(text(row)))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map(line => line[index]!.length)))
  return cells.map(line =>
    line
      .map((cell, index) => (columns[index]!.right ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd(),
  )
}
