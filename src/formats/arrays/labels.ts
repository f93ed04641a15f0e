/** Class indices from an array: [N] or [N, 1] whole numbers, or [N, classes] one-hot rows. */
import { EspalierError } from '../../shared/errors.ts'
import { records } from '../samples/records.ts'
import { readNumbers } from './numbers.ts'
import { numberType, type StoredArray, valueSize } from './stored-array.ts'

export interface ArrayLabels {
  readonly labels: Int32Array
  /** Length of one-hot rows, else the highest label + 1. */
  readonly classCount: number
}

/** More classes than any data set for classification has; a label beyond is an id or a damaged file. */
const MAX_CLASSES = 100_000

/** Throws `dataset.classes` for what is no class index, naming the sample. */
export async function readLabels(array: StoredArray): Promise<ArrayLabels> {
  const [count = 0, width = 1, ...rest] = array.dims
  if (array.dims.length === 0 || rest.length > 0 || count === 0 || width === 0 || width > MAX_CLASSES) {
    throw notLabels(array, `its dims are ${array.dims.join(' x ') || '()'}`)
  }
  const labels = new Int32Array(count)
  let sample = 0
  let highest = 0
  for await (const block of records(array.chunks(), width * valueSize(array), array.dataOffset)) {
    const numbers = readNumbers(block, numberType(array), array.isBigEndian)
    for (let at = 0; at < numbers.length; at += width) {
      const label = width === 1 ? numbers[at]! : oneHot(array, numbers.subarray(at, at + width), sample)
      if (!Number.isInteger(label) || label < 0 || label >= MAX_CLASSES) {
        throw notLabels(array, `the label of sample ${sample} is ${label}`)
      }
      highest = Math.max(highest, label)
      labels[sample++] = label
    }
  }
  return { labels, classCount: width > 1 ? width : highest + 1 }
}

function oneHot(array: StoredArray, row: Float64Array, sample: number): number {
  const label = row.indexOf(1)
  const isOneHot = label !== -1 && row.every((value, index) => value === (index === label ? 1 : 0))
  if (!isOneHot) throw notLabels(array, `row ${sample} is not one 1 among zeros`)
  return label
}

function notLabels(array: StoredArray, why: string): EspalierError {
  return new EspalierError({
    code: 'dataset.classes',
    message: `${array.name} is no array of class labels: ${why}.`,
    file: array.name,
    rule: 'Labels are whole numbers from 0 on, one a sample, or one-hot rows.',
  })
}
