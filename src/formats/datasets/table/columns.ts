/** What the columns of a table are: features, the label, or neither. Told by its first two rows. */
import { EspalierError } from '../../../shared/errors.ts'
import type { ReaderOptions } from '../../../shared/reader-options.ts'
import { badRow, fieldsOf, findSeparator, type Separator } from './csv.ts'

export interface Columns {
  readonly separator: Separator
  readonly hasHeader: boolean
  /** Names, or `column 1`, `column 2`, ... */
  readonly names: readonly string[]
  /** Positions of the features, in the order in which a sample has them. */
  readonly features: readonly number[]
  /** Position of the label. */
  readonly label: number
}

const labelNames = /^(labels?|class(es)?|targets?|activity|category)$/i

const isNumber = (field: string): boolean => field !== '' && Number.isFinite(Number(field))

/** Throws `dataset.invalid` for what is no table, `argument.invalid` for columns that are not there. */
export function findColumns(file: string, rows: readonly string[], options: ReaderOptions): Columns {
  const [first = '', second = first] = rows
  const separator = findSeparator(first, second)
  const [top, below] = [fieldsOf(first, separator), fieldsOf(second, separator)]
  if (!top || !below) throw badRow(file, top ? 2 : 1, 'has a quote that does not end')
  if (top.length < 2) throw badRow(file, 1, `has one field only, "${first.slice(0, 40)}"`)
  // A name stands over numbers; where all is text, the first row is taken for names.
  const hasHeader = top.some((field, at) => !isNumber(field) && isNumber(below[at] ?? '')) || !top.some(isNumber)
  const names = hasHeader ? top : top.map((_, at) => `column ${at + 1}`)
  const label = findLabel(file, names, hasHeader, options.label)
  const data = hasHeader ? below : top
  const features = options.columns
    ? options.columns.map(name => positionOf(file, names, name))
    : names.flatMap((_, at) => (at !== label && isNumber(data[at] ?? '') ? [at] : []))
  if (features.includes(label))
    throw argument(file, `data.reader.columns names ${names[label]}, which is the label of ${file}`, names)
  if (features.length === 0) throw badRow(file, hasHeader ? 2 : 1, 'holds no number that could be a feature')
  return { separator, hasHeader, names, features, label }
}

function findLabel(
  file: string,
  names: readonly string[],
  hasHeader: boolean,
  wanted: string | number | undefined,
): number {
  if (typeof wanted === 'string') return positionOf(file, names, wanted)
  if (wanted !== undefined) {
    if (wanted <= names.length) return wanted - 1
    throw argument(file, `data.reader.label is ${wanted}, and ${file} has ${names.length} columns`, names)
  }
  const named = hasHeader ? names.findIndex(name => labelNames.test(name)) : -1
  return named === -1 ? names.length - 1 : named
}

function positionOf(file: string, names: readonly string[], name: string): number {
  const at = names.indexOf(name)
  if (at !== -1) return at
  throw argument(file, `${file} has no column ${name}`, names)
}

const argument = (file: string, what: string, names: readonly string[]): EspalierError =>
  new EspalierError({
    code: 'argument.invalid',
    message: `${what}.`,
    file,
    rule: `The columns are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', ...' : ''}.`,
  })
