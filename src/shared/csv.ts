/** Comma-separated values (RFC 4180), readable by spreadsheets; text that a spreadsheet would run as a formula is quoted off. */
export type CsvValue = string | number | null | undefined

export function toCsv(rows: readonly (readonly CsvValue[])[]): string {
  return `${rows.map(row => row.map(cell).join(',')).join('\r\n')}\r\n`
}

function cell(value: CsvValue): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
