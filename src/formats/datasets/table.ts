/** Tables in text: a row a moment (or a sample), a column a feature, one column the class. .csv and .tsv files. */
import { EspalierError } from '../../shared/errors.ts'
import type { ReaderOptions } from '../../shared/reader-options.ts'
import type { ImportNote, OpenOptions, SplitName } from '../dataset.ts'
import { type DatasetReader, formatCount, unusedNote } from '../dataset-reader.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { buildDataset } from '../samples/build-dataset.ts'
import { fingerprint } from '../samples/fingerprint.ts'
import { findSamples, storeSamples } from '../samples/sample-store.ts'
import { type FileSplit, splitOfWord, wordsOf } from '../split-words.ts'
import type { Tree, TreeEntry } from '../tree/tree.ts'
import type { Columns } from './table/columns.ts'
import { type LabelledFile, labelRows } from './table/label-rows.ts'
import { openTable, type TableFile } from './table/table-file.ts'
import { type WindowRule, windowEnds } from './table/windows.ts'

type Files = Partial<Record<SplitName, readonly TableFile[]>>

/** Values that wait to be stored. */
const BLOCK = 2 ** 18

export const table: DatasetReader = {
  id: 'table',
  label: 'Table (CSV)',
  looksFor: 'a table of numbers with a column of classes (.csv or .tsv), or files train.csv and test.csv',
  options: ['window', 'stride', 'label', 'columns'],
  // Other data may come with a table of its files: tables that are data are most of what is there.
  match: ({ entries }) => (entries.length > 0 && 2 * entries.filter(isTable).length >= entries.length ? 0.2 : 0),

  async open(tree, options) {
    const { splits, notes: splitNotes } = findFiles(tree)
    const used = Object.values(splits).flat()
    const files: Partial<Record<SplitName, TableFile[]>> = {}
    for (const [name, entries] of Object.entries(splits) as [SplitName, TreeEntry[]][]) {
      files[name] = []
      for (const entry of entries) files[name].push(await openTable(tree, entry, options.reader ?? {}))
    }
    const columns = sameColumns(Object.values(files).flat())
    const rule = windowRule(options.reader)
    const { hash, notes } = await fingerprint(tree, used, options)
    const { classes, labels, rows } = await labelWindows(files, rule, options)
    const count = Object.values(labels).reduce((sum, { length }) => sum + length, 0)
    if (count === 0) throw noWindow(tree.path, rule)
    const shape = [rule.length, columns.features.length]
    const request = {
      fingerprint: hash,
      bytes: 4 * count * rule.length * columns.features.length,
      shape,
      isCostly: true,
    }
    const { samples, notes: storeNotes } =
      (await findSamples(hash, options)) ??
      (await storeSamples(request, options, append => readWindows(files, rule, columns, count, options, append)))
    return buildDataset({
      format: 'table',
      path: tree.path,
      classes,
      sampleType: 'float32',
      shape,
      labels,
      samples,
      notes: [
        ...columnNotes(columns),
        ...windowNotes(rule, rows, count),
        ...splitNotes,
        ...storeNotes,
        ...tree.notes,
        ...unusedNote(tree, used),
        ...notes,
      ],
      fingerprint: hash,
    })
  },
}

const isTable = ({ path }: TreeEntry): boolean => /\.(csv|tsv)$/i.test(path)

/** Files whose names, or those of their folders, say test are the test split; all others are training data. */
function findFiles(tree: Tree): { splits: Partial<Record<SplitName, TreeEntry[]>>; notes: ImportNote[] } {
  const found: Record<FileSplit, TreeEntry[]> = { train: [], test: [], validation: [] }
  for (const entry of tree.entries.filter(isTable)) {
    const split = wordsOf(entry.path.replace(/\.\w+$/, ''))
      .map(splitOfWord)
      .find(Boolean)
    found[split ?? 'train'].push(entry)
  }
  const { train, test, validation } = found
  const tests = test.length > 0 ? test : validation
  const notes: ImportNote[] = []
  if (test.length === 0 && validation.length > 0)
    notes.push({ kind: 'guessed', text: 'The validation files are used as the test split.' })
  if (tests.length === 0) notes.push({ kind: 'guessed', text: 'No file is named test: all rows are training data.' })
  return { splits: { ...(train.length > 0 && { train }), ...(tests.length > 0 && { test: tests }) }, notes }
}

/** Throws `dataset.invalid` where the tables have other columns. */
function sameColumns(files: readonly TableFile[]): Columns {
  const [first] = files
  const odd = files.find(({ columns }) => String(columns.names) !== String(first!.columns.names))
  if (!odd) return first!.columns
  throw new EspalierError({
    code: 'dataset.invalid',
    message: `${odd.file} has the columns ${odd.columns.names.join(', ')}, ${first!.file} has ${first!.columns.names.join(', ')}.`,
    file: odd.file,
    rule: 'All tables of a data set have the same columns in the same order.',
  })
}

function windowRule({ window = 1, stride = window }: ReaderOptions = {}): WindowRule {
  return { length: window, stride }
}

async function labelWindows(files: Files, rule: WindowRule, options: OpenOptions) {
  const labelled: Partial<Record<SplitName, LabelledFile[]>> = {}
  for (const [name, list] of Object.entries(files) as [SplitName, TableFile[]][]) {
    labelled[name] = []
    for (const file of list) labelled[name].push(await labelRows(file, rule, options))
  }
  const all = Object.values(labelled).flat()
  const names = new Set(all.flatMap(file => [...file.classes]))
  // Numbers in their order, names in that of the alphabet; as they are written.
  const areNumbers = [...names].every(name => Number.isFinite(Number(name)))
  const classes = [...names].sort((a, b) => (areNumbers ? Number(a) - Number(b) : a < b ? -1 : 1))
  const indexOf = new Map(classes.map((name, index) => [name, index]))
  const labels: Partial<Record<SplitName, Int32Array>> = {}
  for (const [name, list] of Object.entries(labelled) as [SplitName, LabelledFile[]][]) {
    const mapped = list.flatMap(({ classes: own, windows }) => windows.map(label => indexOf.get(own[label]!)!))
    labels[name] = Int32Array.from(mapped)
  }
  if (classes.length < 2) throw oneClass(all[0]!.file, classes[0] ?? '')
  return { classes, labels, rows: all.reduce((sum, { rows }) => sum + rows, 0) }
}

/** Appends all windows, rows x features. */
async function readWindows(
  files: Files,
  rule: WindowRule,
  { features }: Columns,
  total: number,
  options: OpenOptions,
  append: (samples: Uint8Array) => Promise<void>,
): Promise<ImportNote[]> {
  const report = progressReporter(options)
  const sampleLength = rule.length * features.length
  const capacity = Math.max(1, Math.floor(BLOCK / sampleLength))
  let done = 0
  for (const file of Object.values(files).flat()) {
    const isEnd = windowEnds(rule)
    const classes = new Map<string, number>()
    // The latest rows of the file, the oldest first.
    const latest = new Float32Array(sampleLength)
    let block = new Float32Array(capacity * sampleLength)
    let filled = 0
    const flush = async (): Promise<void> => {
      await append(new Uint8Array(block.buffer, 0, 4 * filled))
      block = new Float32Array(capacity * sampleLength)
      filled = 0
    }
    for await (const rows of file.rows()) {
      throwIfStopped(options.signal, `Reading ${file.file}`)
      for (const { label, values } of rows) {
        latest.copyWithin(0, features.length)
        latest.set(values, sampleLength - features.length)
        if (!classes.has(label)) classes.set(label, classes.size)
        if (!isEnd(classes.get(label)!)) continue
        block.set(latest, filled)
        filled += sampleLength
        done++
        if (filled === block.length) await flush()
      }
      report('Reading rows', done, total)
    }
    if (filled > 0) await flush()
  }
  return []
}

function columnNotes({ names, features, label, hasHeader }: Columns): ImportNote[] {
  const shown = features.map(at => names[at]!)
  const left = names.filter((_, at) => at !== label && !features.includes(at))
  const notes: ImportNote[] = [
    { kind: 'guessed', text: hasHeader ? 'The first row names the columns.' : 'The first row is data, not names.' },
    { kind: 'guessed', text: `The class is ${names[label]}.` },
    { kind: 'guessed', text: `The ${features.length} features are ${short(shown)}.` },
  ]
  if (left.length > 0) notes.push({ kind: 'skipped', text: `The columns ${short(left)} are no features.` })
  return notes
}

const short = (names: readonly string[]): string =>
  `${names.slice(0, 12).join(', ')}${names.length > 12 ? `, ... ${names.at(-1)}` : ''}`

function windowNotes({ length, stride }: WindowRule, rows: number, count: number): ImportNote[] {
  if (length === 1 && stride === 1) {
    return [{ kind: 'guessed', text: 'Each row is a sample; data.reader.window makes samples of several rows.' }]
  }
  const text = `${formatCount(count)} windows of ${length} rows, each of one class, every ${stride} rows; ${formatCount(rows)} rows in all.`
  return [{ kind: 'matched', text }]
}

const noWindow = (path: string, { length }: WindowRule): EspalierError =>
  new EspalierError({
    code: 'dataset.invalid',
    message: `${path} has no ${length} rows of one class in a row.`,
    file: path,
    rule: 'A window is made of consecutive rows of one file that are all of one class.',
    hint: 'Set a smaller data.reader.window.',
  })

const oneClass = (file: string, name: string): EspalierError =>
  new EspalierError({
    code: 'dataset.classes',
    message: `All rows of ${file} are of the class "${name}".`,
    file,
    rule: 'A data set has two classes or more.',
    hint: 'Name the column of the class with data.reader.label.',
  })
