/** Comma-separated values and their relatives: one row a line, fields in quotes where they need them. */
import { EspalierError } from '../../../shared/errors.ts'

export type Separator = ',' | ';' | '\t' | '|' | ' '

const separators: readonly Separator[] = [',', ';', '\t', '|', ' ']

/** The separator that splits the first two rows into equally many fields, the most of all; a comma where none does. */
export function findSeparator(first: string, second: string): Separator {
  const counts = separators.map(separator => {
    const fields = fieldsOf(first, separator)?.length ?? 0
    return fieldsOf(second, separator)?.length === fields ? fields : 0
  })
  const most = Math.max(...counts)
  return most > 1 ? separators[counts.indexOf(most)]! : ','
}

/** The fields of a row, without blanks around them; null where a quote does not end. Several blanks are one separator. */
export function fieldsOf(line: string, separator: Separator): string[] | null {
  if (separator === ' ') return line.trim().split(/\s+/)
  if (!line.includes('"')) return line.split(separator).map(field => field.trim())
  const fields: string[] = []
  for (let at = 0; at <= line.length; ) {
    const start = at + /^\s*/.exec(line.slice(at))![0].length
    if (line[start] !== '"') {
      const end = line.indexOf(separator, at)
      const stop = end === -1 ? line.length : end
      fields.push(line.slice(at, stop).trim())
      at = stop + 1
      continue
    }
    const quoted = /^"((?:[^"]|"")*)"\s*/.exec(line.slice(start))
    if (!quoted) return null
    fields.push(quoted[1]!.replaceAll('""', '"'))
    at = start + quoted[0].length
    if (at < line.length && line[at] !== separator) return null
    at++
  }
  return fields
}

export const badRow = (file: string, row: number, why: string, hint?: string): EspalierError =>
  new EspalierError({
    code: 'dataset.invalid',
    message: `Row ${row} of ${file} ${why}.`,
    file,
    rule: 'A table has one row a line and as many fields in each; features are finite numbers.',
    ...(hint !== undefined && { hint }),
  })
