/** The samples on which distortion is measured: always the same ones, unchanged by augmentation. */
import type { Dims } from '../../core/graph/dims.ts'
import { createRandom, deriveSeed } from '../../core/random.ts'
import { batches } from '../../formats/batches.ts'
import type { Dataset } from '../../formats/datasets.ts'
import { requireSplit } from '../../formats/datasets.ts'
import type { Calibration } from '../../shared/distortion.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { CompiledModel, Given } from '../compile/compiled-model.ts'

export interface CalibrationBatch {
  /** Samples, or the normalised input itself. */
  readonly given: Given
  readonly count: number
}

export interface CalibrationSource {
  readonly dataset: Dataset
  /** For messages. */
  readonly path: string
}

/** Which training samples: ascending, in the order of the files, those held out for validation included. */
export function calibrationIndices({ dataset, path }: CalibrationSource, { images, choose }: Calibration): Int32Array {
  const { count } = requireSplit(dataset, 'train', path)
  if (images > count)
    throw new EspalierError({
      code: 'argument.invalid',
      message: `calibration.images is ${images}, and ${path} has ${count} training samples.`,
      file: path,
      rule: 'Each calibration sample is used once.',
      hint: `Ask for ${count} at most, or set calibration.choose to noise.`,
    })
  return Int32Array.from({ length: images }, (_, i) => (choose === 'first' ? i : Math.floor((i * count) / images)))
}

/** All of them, `batch` at a time. Throws what reading throws. */
export async function* calibrationBatches(
  source: CalibrationSource,
  calibration: Calibration,
  compiled: CompiledModel,
  batch: number,
  signal: AbortSignal,
): AsyncGenerator<CalibrationBatch> {
  if (calibration.choose === 'noise') {
    yield* noise(compiled, calibration.images, batch)
    return
  }
  const indices = calibrationIndices(source, calibration)
  const split = requireSplit(source.dataset, 'train', source.path)
  for await (const { samples, count } of batches(split, indices, batch, source.dataset, signal))
    yield { given: { samples: { samples, count } }, count }
}

/** The same noise whatever the data, the seed of the run and the batch. */
function* noise({ graph, sampleShape }: CompiledModel, images: number, batch: number): Generator<CalibrationBatch> {
  for (let from = 0; from < images; from += batch) {
    const count = Math.min(batch, images - from)
    const values = new Float32Array(count * elements(sampleShape))
    for (let i = 0; i < count; i++) {
      const random = createRandom(deriveSeed(0, 'calibration', from + i))
      for (let j = 0; j < elements(sampleShape); j++) values[i * elements(sampleShape) + j] = random.normal()
    }
    yield { given: { values: new Map([[graph.input.name, { shape: [count, ...sampleShape], values }]]) }, count }
  }
}

const elements = (dims: Dims) => dims.reduce((product, size) => product * size, 1)
