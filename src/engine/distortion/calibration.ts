/** The samples on which distortion is measured: always the same ones, unchanged by augmentation. */
import { elementCount } from '../../core/graph/dims.ts'
import type { Graph } from '../../core/graph/model.ts'
import { inferShapes } from '../../core/graph/shapes.ts'
import { createRandom, deriveSeed } from '../../core/random.ts'
import { batches } from '../../formats/batches.ts'
import { type Dataset, requireSplit } from '../../formats/datasets.ts'
import type { Calibration } from '../../shared/distortion.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { CompiledModel, Given } from '../compile/compiled-model.ts'

export interface CalibrationBatch {
  /** Samples, or the normalised input itself. */
  readonly given: Given
  readonly count: number
}

/** Which training samples: ascending, in the order of the files, those held out for validation included. */
export function calibrationIndices(dataset: Dataset, { images, choose }: Calibration): Int32Array {
  const { count } = requireSplit(dataset, 'train')
  if (images > count)
    throw new EspalierError({
      code: 'argument.invalid',
      message: `calibration.images is ${images}, and the data set has ${count} training samples.`,
      rule: 'Each calibration sample is used once.',
      hint: `Ask for ${count} at most, or set calibration.choose to noise.`,
    })
  return Int32Array.from({ length: images }, (_, i) => (choose === 'first' ? i : Math.floor((i * count) / images)))
}

/** All of them, some at a time. Throws what reading throws. */
export async function* calibrationBatches(
  dataset: Dataset,
  calibration: Calibration,
  compiled: CompiledModel,
  signal: AbortSignal,
): AsyncGenerator<CalibrationBatch> {
  const batch = calibrationBatch(compiled.graph)
  if (calibration.choose === 'noise') {
    yield* noise(compiled, calibration.images, batch)
    return
  }
  const indices = calibrationIndices(dataset, calibration)
  for await (const { samples, count } of batches(requireSplit(dataset, 'train'), indices, batch, dataset, signal))
    yield { given: { samples: { samples, count } }, count }
}

/** As many samples at a time as keep the largest activation below 32 MiB, at most 128. */
export function calibrationBatch(graph: Graph): number {
  const largest = Math.max(...[...inferShapes(graph).values()].map(elementCount))
  return Math.max(1, Math.min(128, Math.floor(2 ** 23 / largest)))
}

/** The same noise whatever the data, the seed of the run and the batch. */
function* noise({ graph, sampleShape }: CompiledModel, images: number, batch: number): Generator<CalibrationBatch> {
  for (let from = 0; from < images; from += batch) {
    const count = Math.min(batch, images - from)
    const size = elementCount(sampleShape)
    const values = new Float32Array(count * size)
    for (let i = 0; i < count; i++) {
      const random = createRandom(deriveSeed(0, 'calibration', from + i))
      for (let j = 0; j < size; j++) values[i * size + j] = random.normal()
    }
    yield { given: { values: new Map([[graph.input.name, { shape: [count, ...sampleShape], values }]]) }, count }
  }
}
