/** The values of image arrays as samples: uint8 where every value is a byte, else float32; height x width x channels. */
import { elementCount } from '../../core/graph/dims.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { ImportNote, OpenOptions, SampleType } from '../dataset.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { type ArrayLayout, interleave } from '../samples/pixels.ts'
import { records } from '../samples/records.ts'
import { readNumbers } from './numbers.ts'
import { numberType, type StoredArray, valueSize } from './stored-array.ts'

/** Wider integers count as bytes if all of them are: many tools save pixels as int64. */
export async function sampleTypeOf(arrays: readonly StoredArray[]): Promise<SampleType> {
  for (const array of arrays) {
    if (array.type === 'u1' || array.type === 'b1') continue
    if (array.type.startsWith('f') || !(await isAllBytes(array))) return 'float32'
  }
  return 'uint8'
}

async function isAllBytes(array: StoredArray): Promise<boolean> {
  for await (const block of records(array.chunks(), valueSize(array), array.dataOffset)) {
    const isBytes = readNumbers(block, numberType(array), array.isBigEndian).every(value => value >= 0 && value <= 255)
    if (!isBytes) return false
  }
  return true
}

/** Appends all samples of all arrays, each laid out as its place in `layouts` says. Throws `dataset.invalid` for a value that is not finite, naming the sample. */
export async function readSamples(
  arrays: readonly StoredArray[],
  sampleType: SampleType,
  layouts: readonly ArrayLayout[],
  options: OpenOptions,
  append: (samples: Uint8Array) => Promise<void>,
): Promise<ImportNote[]> {
  const report = progressReporter(options)
  const total = arrays.reduce((sum, { dims }) => sum + dims[0]!, 0)
  const range = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
  let done = 0
  for (const [index, array] of arrays.entries()) {
    const { shape, isPlanar } = layouts[index]!
    const sampleLength = elementCount(shape)
    let sample = 0
    for await (const block of records(array.chunks(), sampleLength * valueSize(array), array.dataOffset)) {
      throwIfStopped(options.signal, `Reading ${array.name}`)
      const values = toValues(array, block, sampleType)
      if (values instanceof Float32Array) checkFinite(array, values, sample, sampleLength, range)
      const interleaved = isPlanar ? planesToPixels(values, shape[2]!, shape[0]! * shape[1]!) : values
      await append(new Uint8Array(interleaved.buffer, interleaved.byteOffset, interleaved.byteLength))
      const count = values.length / sampleLength
      sample += count
      done += count
      report('Reading samples', done, total)
    }
  }
  return valueNotes(arrays, sampleType, range)
}

function toValues(array: StoredArray, block: Uint8Array, sampleType: SampleType): Uint8Array | Float32Array {
  if (array.type === 'b1') return block.map(value => (value === 0 ? 0 : 255))
  if (array.type === 'u1' && sampleType === 'uint8') return block
  // Blocks are fresh memory, so they may be looked at as floats.
  if (array.type === 'f4' && !array.isBigEndian)
    return new Float32Array(block.buffer, block.byteOffset, block.length / 4)
  const numbers = readNumbers(block, numberType(array), array.isBigEndian)
  return sampleType === 'uint8' ? new Uint8Array(numbers) : new Float32Array(numbers)
}

function planesToPixels<T extends Uint8Array | Float32Array>(planes: T, channels: number, pixels: number): T {
  const into = planes.slice() as T
  for (let at = 0; at < planes.length; at += channels * pixels) interleave(planes, at, into, at, channels, pixels)
  return into
}

function checkFinite(
  array: StoredArray,
  values: Float32Array,
  firstSample: number,
  sampleLength: number,
  range: { min: number; max: number },
): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (!Number.isFinite(value)) {
      throw new EspalierError({
        code: 'dataset.invalid',
        message: `Sample ${firstSample + Math.floor(index / sampleLength)} of ${array.name} holds the value ${value}.`,
        file: array.name,
        rule: 'Every value of a sample is a finite number.',
      })
    }
    if (value < range.min) range.min = value
    if (value > range.max) range.max = value
  }
}

function valueNotes(
  arrays: readonly StoredArray[],
  sampleType: SampleType,
  { min, max }: { min: number; max: number },
): ImportNote[] {
  const notes: ImportNote[] = []
  if (sampleType === 'float32') {
    const [from, to] = [min, max].map(value => Number(value.toPrecision(3)))
    const text = `Values lie between ${from} and ${to}. They stay as they are; only uint8 images are divided by 255.`
    notes.push({ kind: 'guessed', text })
  }
  if (arrays.some(({ type }) => type === 'f8'))
    notes.push({ kind: 'matched', text: 'Values are rounded from float64 to float32.' })
  if (arrays.some(({ type }) => type === 'b1')) notes.push({ kind: 'guessed', text: 'True becomes 255, false 0.' })
  return notes
}
