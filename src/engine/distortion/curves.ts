/**
 * Rate-distortion curves of a model, measured or remembered. What is measured is written beside it as it grows, under a
 * name that stands for everything that matters to it; so a measurement that was stopped goes on where it was, and one
 * that is complete is read.
 */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Model } from '../../core/graph/model.ts'
import { zeroedCounts } from '../../core/pruning/curves.ts'
import type { Ranking } from '../../core/pruning/ranking.ts'
import type { Dataset } from '../../formats/datasets.ts'
import type { Calibration, DistortionCurve } from '../../shared/distortion.ts'
import type { CompiledModel } from '../compile/compiled-model.ts'
import { calibrationBatch, calibrationBatches, calibrationIndices } from './calibration.ts'
import { emptyState, type MeasureState, measure, passesPerSample } from './measure.ts'
import { readState, writeState } from './state-file.ts'

export interface CurveOptions {
  readonly compiled: CompiledModel
  /** The model that `compiled` holds. */
  readonly model: Model
  /** Of its prunable layers, in forward order: which weights go first. */
  readonly rankings: readonly Ranking[]
  /** Ascending, from 0. */
  readonly fractions: readonly number[]
  readonly calibration: Calibration
  readonly dataset: Dataset
  /** Measured curves are kept in `distortion/` there. */
  readonly cacheDirectory: string
  readonly signal: AbortSignal
  /** After every pass: how much is done, in forward passes of one sample. What it throws stops the measurement. */
  step(done: number, total: number): Promise<void>
}

/** How often an unfinished measurement is written. */
const saveMs = 10_000

/** One curve a prunable layer, in forward order. Throws `run.not-finite`, `argument.invalid`, `dataset.no-split`. */
export async function distortionCurves(options: CurveOptions): Promise<DistortionCurve[]> {
  const { model, rankings, fractions, calibration } = options
  const zeroed = rankings.map(({ keys }) => zeroedCounts(fractions, keys.length))
  // Zeroing what is zero already changes nothing, and neither does zeroing nothing: those points are 0.
  const counts = zeroed.map((list, i) => [...new Set(list)].filter(count => count > rankings[i]!.zeros))
  const file = join(options.cacheDirectory, 'distortion', `${identity(options, counts)}.json`)
  const state = (await readState(file, counts)) ?? emptyState(counts)
  const total = calibration.images * passesPerSample(model, counts)
  if (state.samples < calibration.images) {
    await mkdir(join(options.cacheDirectory, 'distortion'), { recursive: true })
    await measureAndKeep(file, state, options, total)
  }
  return rankings.map(({ layer, keys }, i) => {
    const { sums, worst } = state.tallies[i]!
    const at = zeroed[i]!.map(count => counts[i]!.indexOf(count))
    return {
      name: layer,
      weights: keys.length,
      fractions: [...fractions],
      zeroed: zeroed[i]!,
      mean: at.map(point => (point < 0 ? 0 : sums[point]! / state.samples)),
      worst: at.map(point => (point < 0 ? 0 : worst[point]!)),
    }
  })
}

async function measureAndKeep(
  file: string,
  state: MeasureState,
  { compiled, model, rankings, calibration, dataset, signal, step }: CurveOptions,
  total: number,
): Promise<void> {
  let savedAt = performance.now()
  try {
    await measure({
      compiled,
      model,
      rankings,
      batches: calibrationBatches(dataset, calibration, compiled, signal),
      state,
      step: done => step(Math.min(Math.round(done), total), Math.round(total)),
      async saved() {
        if (performance.now() - savedAt < saveMs) return
        savedAt = performance.now()
        await writeState(file, state)
      },
    })
  } finally {
    // Complete, stopped or failed: what is in it is true.
    await writeState(file, state)
  }
}

/** SHA-256 over everything that matters to the numbers. `meaning` is raised when they begin to mean something else. */
function identity(
  { model, rankings, calibration, dataset, compiled }: CurveOptions,
  counts: readonly (readonly number[])[],
): string {
  const meaning = 1
  const isNoise = calibration.choose === 'noise'
  const samples = isNoise ? calibration : [dataset.fingerprint, ...calibrationIndices(dataset, calibration)]
  const hash = createHash('sha256')
  hash.update(
    JSON.stringify({
      meaning,
      graph: model.graph,
      samples,
      batch: calibrationBatch(model.graph),
      counts,
      preprocessing: compiled.preprocessing,
    }),
  )
  for (const name of Object.keys(model.graph.parameters)) hash.update(bytesOf(model.weights.get(name)!))
  for (const { keys } of rankings) hash.update(bytesOf(keys))
  return hash.digest('hex')
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength)
