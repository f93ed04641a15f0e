/** One table in text, row by row. */
import type { ReaderOptions } from '../../../shared/reader-options.ts'
import { lines } from '../../codecs/lines.ts'
import type { Tree, TreeEntry } from '../../tree/tree.ts'
import { type Columns, findColumns } from './columns.ts'
import { badRow, fieldsOf } from './csv.ts'

export interface Row {
  /** The class as it is written. */
  readonly label: string
  /** The features, in the order of `Columns.features`. */
  readonly values: Float32Array
}

export interface TableFile {
  /** For messages. */
  readonly file: string
  readonly columns: Columns
  /** All rows but that of the names, many at a time. Throws `dataset.invalid`, naming row and column. */
  rows(): AsyncGenerator<readonly Row[], void, undefined>
}

/** Enough for two rows of any table that somebody made. */
const HEAD = 2 ** 20

export async function openTable(tree: Tree, entry: TreeEntry, options: ReaderOptions): Promise<TableFile> {
  const file = tree.locate(entry)
  const head = new TextDecoder().decode(await tree.readRange(entry, 0, HEAD)).split(/\r?\n/)
  const columns = findColumns(file, head.filter(isRow).slice(0, 2), options)
  return { file, columns, rows: () => readRows(tree, entry, columns) }
}

const isRow = (line: string): boolean => line.trim() !== ''

async function* readRows(
  tree: Tree,
  entry: TreeEntry,
  columns: Columns,
): AsyncGenerator<readonly Row[], void, undefined> {
  const file = tree.locate(entry)
  let number = 0
  let isFirst = true
  for await (const some of lines(tree.chunks(entry), file)) {
    const rows: Row[] = []
    for (const line of some) {
      number++
      if (!isRow(line)) continue
      if (!(isFirst && columns.hasHeader)) rows.push(readRow(file, number, line, columns))
      isFirst = false
    }
    yield rows
  }
}

function readRow(file: string, number: number, line: string, { separator, names, features, label }: Columns): Row {
  const fields = fieldsOf(line, separator)
  if (!fields) throw badRow(file, number, 'has a quote that does not end')
  if (fields.length !== names.length)
    throw badRow(file, number, `has ${fields.length} fields, and the table has ${names.length} columns`)
  const values = new Float32Array(features.length)
  for (const [index, at] of features.entries()) {
    const field = fields[at]!
    const value = field === '' ? Number.NaN : Number(field)
    if (!Number.isFinite(value)) throw notANumber(file, number, names[at]!, field)
    values[index] = value
  }
  const name = fields[label]!
  if (name === '') throw badRow(file, number, `has no class: ${names[label]} is empty`)
  return { label: name, values }
}

const notANumber = (file: string, number: number, column: string, field: string) =>
  badRow(
    file,
    number,
    field === '' ? `has nothing in ${column}` : `holds "${field.slice(0, 40)}" in ${column}`,
    'Fill or remove the row, or name the columns to use with data.reader.columns.',
  )
