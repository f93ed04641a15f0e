/**
 * Human activity recognition in the layout of UCI HAR: windows of sensor signals, one text file a signal and one row a
 * window, `train/Inertial Signals/body_acc_x_train.txt`, with classes in `train/y_train.txt`. The hand-made features of
 * `X_train.txt` are not used.
 */
import { EspalierError } from '../../shared/errors.ts'
import type { ReaderOptions } from '../../shared/reader-options.ts'
import { lines } from '../codecs/lines.ts'
import type { ImportNote, OpenOptions, SplitName } from '../dataset.ts'
import { type DatasetReader, formatCount } from '../dataset-reader.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { buildDataset } from '../samples/build-dataset.ts'
import { fingerprint } from '../samples/fingerprint.ts'
import { findSamples, storeSamples } from '../samples/sample-store.ts'
import { baseName, folderName, type Tree, type TreeEntry } from '../tree/tree.ts'
import { groupActivities } from './uci-har/grouping.ts'
import { rowsOf } from './uci-har/rows.ts'

interface SplitFiles {
  readonly name: SplitName
  readonly labels: TreeEntry
  /** In the order of their names, which is that of the features of a step. */
  readonly signals: readonly TreeEntry[]
}

/** Windows stored at a time. */
const BLOCK = 64

export const uciHar: DatasetReader = {
  id: 'uci-har',
  label: 'UCI HAR',
  looksFor: 'train/y_train.txt and train/Inertial Signals/body_acc_x_train.txt with its fellows (UCI HAR)',
  options: ['grouping'],
  match: tree => (findSplits(tree).some(({ signals }) => signals.length > 0) ? 0.9 : 0),

  async open(tree, options) {
    const splits = findSplits(tree)
    const signals = requireSameSignals(tree, splits)
    const named = tree.entries.find(({ path }) => baseName(path) === 'activity_labels.txt')
    const activities = await readActivities(tree, named)
    const used = [...splits.flatMap(split => [split.labels, ...split.signals]), ...(named ? [named] : [])]
    const { hash, notes } = await fingerprint(tree, used, options)

    const stored: Partial<Record<SplitName, Int32Array>> = {}
    for (const split of splits) stored[split.name] = await readLabels(tree, split.labels, activities.length)
    const { classes, labels, notes: groupNotes } = group(tree, options.reader, activities, stored)
    const count = Object.values(labels).reduce((sum, { length }) => sum + length, 0)
    const steps = await stepsOf(tree, splits[0]!.signals[0]!)
    const shape = [steps, signals.length]
    const request = { fingerprint: hash, bytes: 4 * count * steps * signals.length, shape, isCostly: true }
    const { samples, notes: storeNotes } =
      (await findSamples(hash, options)) ??
      (await storeSamples(request, options, append => readSignals(tree, splits, labels, shape, count, options, append)))
    return buildDataset({
      format: 'uci-har',
      path: tree.path,
      classes,
      sampleType: 'float32',
      shape,
      labels,
      samples,
      notes: [
        { kind: 'matched', text: `${formatCount(count)} windows of ${steps} steps of ${signals.length} signals.` },
        { kind: 'matched', text: `The features of a step are, in this order: ${signals.join(', ')}.` },
        ...groupNotes,
        ...storeNotes,
        ...tree.notes,
        ...notes,
      ],
      fingerprint: hash,
    })
  },
}

/** Splits whose labels are there, training first. */
function findSplits({ entries }: Tree): SplitFiles[] {
  return (['train', 'test'] as const).flatMap(name => {
    const labels = entries.find(({ path }) => new RegExp(`(^|/)${name}/y_${name}\\.txt$`).test(path))
    if (!labels) return []
    const folder = `${folderName(labels.path)}/Inertial Signals`
    const signals = entries.filter(({ path }) => folderName(path) === folder && path.endsWith(`_${name}.txt`))
    return [{ name, labels, signals }]
  })
}

/** The names of the signals. Throws `dataset.invalid` where training and test data have other ones. */
function requireSameSignals(tree: Tree, splits: readonly SplitFiles[]): string[] {
  const names = splits.map(({ name, signals }) => signals.map(({ path }) => baseName(path).replace(`_${name}.txt`, '')))
  const [first = [], second = first] = names
  const odd = [...first, ...second].find(name => !(first.includes(name) && second.includes(name)))
  if (odd === undefined) return first
  throw invalid(tree.path, `${tree.path} has the signal ${odd} for one of its splits only`)
}

/** Lines such as `1 WALKING`, in order. */
async function readActivities(tree: Tree, entry: TreeEntry | undefined): Promise<readonly string[]> {
  if (!entry) return ['WALKING', 'WALKING_UPSTAIRS', 'WALKING_DOWNSTAIRS', 'SITTING', 'STANDING', 'LAYING']
  const file = tree.locate(entry)
  const names: string[] = []
  for await (const some of lines(tree.chunks(entry), file)) {
    for (const line of some.filter(text => text.trim() !== '')) {
      const [number, name] = line.trim().split(/\s+/)
      if (Number(number) !== names.length + 1 || name === undefined)
        throw invalid(
          file,
          `Line ${names.length + 1} of ${file} is "${line.trim()}"`,
          'Lines are "1 NAME", "2 NAME", ...',
        )
      names.push(name)
    }
  }
  return names
}

async function readLabels(tree: Tree, entry: TreeEntry, classes: number): Promise<Int32Array> {
  const file = tree.locate(entry)
  const labels: number[] = []
  for await (const some of lines(tree.chunks(entry), file)) {
    for (const line of some) {
      const label = Number(line.trim() || Number.NaN)
      if (!Number.isInteger(label) || label < 1 || label > classes) {
        throw new EspalierError({
          code: 'dataset.classes',
          message: `Line ${labels.length + 1} of ${file} is "${line.trim()}", and there are ${classes} activities.`,
          file,
          rule: `Labels are whole numbers from 1 to ${classes}.`,
        })
      }
      labels.push(label - 1)
    }
  }
  return Int32Array.from(labels)
}

type Labels = Partial<Record<SplitName, Int32Array>>

function group(
  tree: Tree,
  { grouping }: ReaderOptions = {},
  activities: readonly string[],
  labels: Labels,
): { classes: readonly string[]; labels: Labels; notes: ImportNote[] } {
  if (grouping === undefined) return { classes: activities, labels, notes: [] }
  const { classes, groupOf } = groupActivities(grouping, activities, tree.path)
  const grouped = Object.entries(labels).map(([name, list]) => [name, list.map(label => groupOf[label]!)] as const)
  const text = `The ${activities.length} activities are ${classes.length} classes: ${classes.join('; ')}.`
  return { classes, labels: Object.fromEntries(grouped), notes: [{ kind: 'matched', text }] }
}

async function stepsOf(tree: Tree, entry: TreeEntry): Promise<number> {
  const rows = rowsOf(tree, entry)
  const { value } = await rows.next()
  await rows.return()
  if (value && value.length > 0) return value.length
  throw invalid(tree.locate(entry), `${tree.locate(entry)} holds no number`)
}

/** Appends all windows, steps x signals, of all splits. */
async function readSignals(
  tree: Tree,
  splits: readonly SplitFiles[],
  labels: Labels,
  [steps = 0, features = 0]: readonly number[],
  total: number,
  options: OpenOptions,
  append: (samples: Uint8Array) => Promise<void>,
): Promise<ImportNote[]> {
  const report = progressReporter(options)
  let done = 0
  for (const { name, signals } of splits) {
    const count = labels[name]!.length
    const readers = signals.map(entry => rowsOf(tree, entry))
    try {
      for (let from = 0; from < count; from += BLOCK) {
        throwIfStopped(options.signal, `Reading ${tree.path}`)
        const block = new Float32Array(Math.min(BLOCK, count - from) * steps * features)
        for (const [feature, rows] of readers.entries()) {
          for (let at = feature, row = from; at < block.length; at += steps * features, row++) {
            const { value } = await rows.next()
            if (value?.length !== steps)
              throw wrongRow(tree.locate(signals[feature]!), row, value?.length, steps, count)
            for (let step = 0; step < steps; step++) block[at + step * features] = value[step]!
          }
        }
        await append(new Uint8Array(block.buffer))
        done += Math.min(BLOCK, count - from)
        report('Reading signals', done, total)
      }
      for (const [feature, rows] of readers.entries()) {
        if (!(await rows.next()).done) {
          const file = tree.locate(signals[feature]!)
          throw invalid(file, `${file} has more rows than the ${formatCount(count)} labels of its split`)
        }
      }
    } finally {
      for (const rows of readers) await rows.return()
    }
  }
  return []
}

function wrongRow(file: string, row: number, found: number | undefined, steps: number, count: number): EspalierError {
  return found === undefined
    ? invalid(file, `${file} has ${formatCount(row)} rows, and its split has ${formatCount(count)} labels`)
    : invalid(file, `Row ${row + 1} of ${file} has ${found} numbers, the first row of the data has ${steps}`)
}

const invalid = (file: string, what: string, rule?: string): EspalierError =>
  new EspalierError({
    code: 'dataset.invalid',
    message: `${what}.`,
    file,
    rule:
      rule ?? 'Each signal has a file for training and test windows, with one row of as many numbers for each label.',
  })
