/**
 * Measures what pruning one layer does to the logits (arXiv 2308.10438, five-systems 3b): the `count` lowest-ranked
 * weights of the layer are zero, everything else is as it is, and the logits are held against those of the whole model.
 * Only what depends on the layer is computed again (`suffixes.ts`); the zeroed kernel is given for one call, so the
 * compiled model is never changed and a measurement can be left at any point.
 */
import type { Model } from '../../core/graph/model.ts'
import type { Ranking } from '../../core/pruning/ranking.ts'
import { maskLowest } from '../../core/pruning/select.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { CompiledModel } from '../compile/compiled-model.ts'
import { type Suffix, suffixes } from '../compile/suffixes.ts'
import type { HostTensor } from '../tensorflow/session.ts'
import type { CalibrationBatch } from './calibration.ts'

/** Of one layer: the numbers of zeros to measure, ascending, and what came out so far. Parallel lists. */
export interface LayerTally {
  readonly counts: readonly number[]
  /** Sum over the samples of the squared change, mean over the logits of each. */
  readonly sums: number[]
  /** The largest of a sample. */
  readonly worst: number[]
}

/** Everything before sample batch `batch`, and the first `layers` layers of it. */
export interface MeasureState {
  batch: number
  layers: number
  samples: number
  readonly tallies: readonly LayerTally[]
}

export interface MeasureOptions {
  readonly compiled: CompiledModel
  /** The model that `compiled` holds. */
  readonly model: Model
  /** In forward order. */
  readonly rankings: readonly Ranking[]
  /** All of them, from the first: those that are done are passed over. */
  readonly batches: AsyncIterable<CalibrationBatch>
  /** Advanced in place, layer by layer. */
  readonly state: MeasureState
  /** After each pass: all work so far, in forward passes of one sample. */
  step(done: number): Promise<void>
  /** After each layer. */
  saved(): Promise<void>
}

export const emptyState = (counts: readonly (readonly number[])[]): MeasureState => ({
  batch: 0,
  layers: 0,
  samples: 0,
  tallies: counts.map(list => ({ counts: list, sums: list.map(() => 0), worst: list.map(() => 0) })),
})

/** Forward passes that measuring costs for each sample: the passes over the suffixes, and two whole ones. */
export function passesPerSample(model: Model, counts: readonly (readonly number[])[]): number {
  const parts = suffixes(model.graph)
  const whole = parts[0]!.macs
  return 2 + parts.reduce((sum, { macs }, i) => sum + (counts[i]!.length * macs) / whole, 0)
}

/** Throws `run.not-finite`, and what `step` throws to stop. */
export async function measure(options: MeasureOptions): Promise<void> {
  const parts = suffixes(options.model.graph)
  let index = 0
  for await (const batch of options.batches) {
    if (index++ < options.state.batch) continue
    await measureBatch(options, parts, batch)
  }
}

async function measureBatch(options: MeasureOptions, parts: readonly Suffix[], batch: CalibrationBatch): Promise<void> {
  const { compiled, state, rankings, model } = options
  const whole = parts[0]!.macs
  const passes = passesPerSample(
    model,
    state.tallies.map(({ counts }) => counts),
  )
  let done = state.samples * passes
  const advance = async (share: number) => {
    done += share * batch.count
    await options.step(done)
  }
  const output = compiled.graph.output.name
  const logits = compiled.runPart(batch.given, [output]).get(output)!.values as Float32Array
  requireFinite(logits, 'of the model as it is')
  await advance(1)
  let given = batch.given
  for (const [i, part] of parts.entries()) {
    const values = compiled.runPart(given, [...new Set([...part.state, ...part.inputs])])
    given = { values: pick(values, part.state) }
    await advance((whole - part.macs) / whole - (i === 0 ? 0 : (whole - parts[i - 1]!.macs) / whole))
    const tally = state.tallies[i]!
    const share = part.macs / whole
    if (i < state.layers) {
      await advance(tally.counts.length * share)
      continue
    }
    const inputs = pick(values, part.inputs)
    const added = tally.counts.map(() => ({ sum: 0, worst: 0 }))
    for (const [at, count] of tally.counts.entries()) {
      const parameters = new Map([[part.kernel, zeroLowest(model.weights.get(part.kernel)!, rankings[i]!, count)]])
      const changed = compiled.runPart({ values: inputs, parameters }, [output]).get(output)!.values as Float32Array
      requireFinite(changed, `with ${count} zeros in "${part.name}"`)
      added[at] = distortion(logits, changed, batch.count)
      await advance(share)
    }
    for (const [at, { sum, worst }] of added.entries()) {
      tally.sums[at]! += sum
      tally.worst[at] = Math.max(tally.worst[at]!, worst)
    }
    state.layers = i + 1
    await options.saved()
  }
  state.samples += batch.count
  state.batch++
  state.layers = 0
}

const pick = (values: ReadonlyMap<string, HostTensor>, names: readonly string[]) =>
  new Map(names.map(name => [name, values.get(name)!]))

/** A copy of the kernel without its lowest-ranked weights. */
export function zeroLowest(kernel: Float32Array, ranking: Ranking, count: number): Float32Array {
  const mask = maskLowest(ranking, count)
  const kept = new Float32Array(kernel.length)
  for (let i = 0; i < kernel.length; i++) if (mask[i] === 1) kept[i] = kernel[i]!
  return kept
}

/** Squared change of logits [samples, classes], mean over the classes: its sum over the samples, and the largest. */
export function distortion(before: Float32Array, after: Float32Array, samples: number): { sum: number; worst: number } {
  const classes = before.length / samples
  let sum = 0
  let worst = 0
  for (let sample = 0; sample < samples; sample++) {
    let own = 0
    for (let i = sample * classes; i < (sample + 1) * classes; i++) own += (before[i]! - after[i]!) ** 2
    own /= classes
    sum += own
    worst = Math.max(worst, own)
  }
  return { sum, worst }
}

export function requireFinite(logits: Float32Array, what: string): void {
  if (logits.every(Number.isFinite)) return
  throw new EspalierError({
    code: 'run.not-finite',
    message: `The logits ${what} are not all finite.`,
    rule: 'Distortion can be measured only where logits are finite numbers.',
    hint: 'Check the checkpoint, and that the normalisation is the one it was trained with.',
  })
}
