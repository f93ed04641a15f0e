/** The first pass over a table: which windows there are and of which class each is. */
import { EspalierError } from '../../../shared/errors.ts'
import type { OpenOptions } from '../../dataset.ts'
import { progressReporter, throwIfStopped } from '../../progress.ts'
import type { TableFile } from './table-file.ts'
import { type WindowRule, windowEnds } from './windows.ts'

export interface LabelledFile {
  readonly file: string
  /** As they are written, in the order in which they come. */
  readonly classes: readonly string[]
  /** The class of each window. */
  readonly windows: readonly number[]
  readonly rows: number
}

/** More are no classes but numbers or texts of another kind. */
const MAX_CLASSES = 10_000

/** Throws `dataset.classes` where the column of the classes cannot be one. */
export async function labelRows(table: TableFile, rule: WindowRule, options: OpenOptions): Promise<LabelledFile> {
  const { file, columns } = table
  const report = progressReporter(options)
  const isEnd = windowEnds(rule)
  const classes = new Map<string, number>()
  const windows: number[] = []
  let rows = 0
  for await (const some of table.rows()) {
    throwIfStopped(options.signal, `Reading ${file}`)
    for (const { label } of some) {
      const index = classes.get(label) ?? classes.size
      if (index === classes.size) classes.set(label, index)
      if (isEnd(index)) windows.push(index)
    }
    if (classes.size > MAX_CLASSES || some.some(({ label }) => isFraction(label)))
      throw notAClass(file, columns.names[columns.label]!, [...classes.keys()])
    rows += some.length
    report('Reading classes', rows, 0)
  }
  return { file, classes: [...classes.keys()], windows, rows }
}

const isFraction = (label: string): boolean => label.includes('.') && !Number.isInteger(Number(label) || 0)

function notAClass(file: string, column: string, labels: readonly string[]): EspalierError {
  const odd = labels.find(isFraction) ?? labels[0]!
  return new EspalierError({
    code: 'dataset.classes',
    message: `The column ${column} of ${file} is no class: it holds ${labels.length > MAX_CLASSES ? `more than ${MAX_CLASSES} different values such as ` : ''}${odd}.`,
    file,
    rule: 'Classes are names or whole numbers.',
    hint: 'Name the column of the class with data.reader.label.',
  })
}
