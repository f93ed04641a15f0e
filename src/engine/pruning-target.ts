/** The sparsity that a prune stage goes to, where its recipe says something else that it follows from. */
import { prunableLayers } from '../core/graph/cost.ts'
import { elementCount } from '../core/graph/dims.ts'
import type { Model } from '../core/graph/model.ts'
import type { Pruned } from '../core/pruning/prune.ts'
import { modelFileSize } from '../formats/model-file.ts'
import { EspalierError } from '../shared/errors.ts'
import type { StageOf, StageResultOf } from '../shared/stages.ts'

type Target = NonNullable<StageOf<'prune'>['target']>
export type Probes = NonNullable<StageResultOf<'prune'>['probes']>
type TargetOf<Kind extends Target['kind']> = Extract<Target, { kind: Kind }>

/** Bytes of the model file with so many zeros in all, whichever layers they are in; every kernel has its bits. */
export function sizeWith({ graph, architecture }: Pick<Model, 'graph' | 'architecture'>, zeros: number): number {
  const kernels = prunableLayers(graph).map(({ kernel }) => [kernel, 0] as const)
  return modelFileSize({ graph, architecture }, new Map(kernels)) - 4 * zeros
}

/**
 * The lowest sparsity at which the model file has at most `bytes`; a layer that stays whole, and so has no bits, can only
 * make it smaller. `zerosAt` gives the zeros of an allocation, which may be a few fewer than asked for. Throws `prune.infeasible`.
 */
export function sparsityForFileSize(
  model: Model,
  { bytes }: TargetOf<'file-size'>,
  zerosAt: (sparsity: number) => number,
): number {
  const weights = prunableLayers(model.graph).reduce(
    (sum, { kernel }) => sum + elementCount(model.graph.parameters[kernel]!.dims),
    0,
  )
  const least = sizeWith(model, weights)
  const wanted = Math.max(0, Math.ceil((sizeWith(model, 0) - bytes) / 4))
  // Whole numbers of weights: half a weight more, so that the floor of the share is that number.
  const shareOf = (zeros: number) => Math.min(zeros + 0.5, weights - 0.5) / weights
  if (wanted > weights) throw tooSmall(bytes, least)
  let asked = wanted
  for (;;) {
    const missing = wanted - zerosAt(shareOf(asked))
    if (missing <= 0) return shareOf(asked)
    if (asked === weights) throw tooSmall(bytes, least)
    asked = Math.min(weights, asked + missing)
  }
}

const tooSmall = (bytes: number, least: number) =>
  new EspalierError({
    code: 'prune.infeasible',
    message: `A model file of ${bytes} bytes cannot be reached: without a single weight of a kernel it has ${least}.`,
    rule: 'Biases, normalisation and a bit for each pruned weight stay.',
    hint: 'Ask for a larger file, or take a smaller network.',
  })

/** Sparsity is looked for in steps of a thousandth. */
const steps = 1000

/** The next that is tried above this one. */
export const stepAbove = (sparsity: number): number => (Math.floor(sparsity * steps) + 1) / steps

export interface AccuracySearch {
  /** Validation samples. */
  readonly total: number
  /** Of the model as it is: how many are right, and the share of the budget that is gone. */
  readonly before: number
  readonly from: number
  /** The model pruned to this sparsity; undefined where the allocation cannot reach it. */
  prune(sparsity: number): Pruned | undefined
  /** How many validation samples the model gets right. */
  score(model: Model): Promise<number>
}

/**
 * The highest sparsity, in thousandths, that was found to lose at most `lose` of the validation samples: by bisection, which
 * takes accuracy to fall as sparsity grows. Where it does not, what is found is still what was measured. Throws `prune.infeasible`.
 */
export async function sparsityForAccuracy(
  { lose }: TargetOf<'accuracy'>,
  { total, before, from, prune, score }: AccuracySearch,
): Promise<{ readonly sparsity: number; readonly probes: Probes }> {
  const tried: Probes['tried'] = []
  const least = before - lose * total
  let [low, high] = [Math.floor(from * steps), steps]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const pruned = prune(middle / steps)
    const correct = pruned ? await score(pruned.model) : null
    // A share of samples has no exact binary form.
    const accepted = correct !== null && correct >= least - 1e-9
    tried.push({ sparsity: middle / steps, zeros: pruned?.zeros ?? 0, correct, accepted })
    if (accepted) low = middle
    else high = middle
  }
  const best = tried.findLast(({ accepted }) => accepted)
  if (best) return { sparsity: best.sparsity, probes: { total, before, tried } }
  const last = tried.at(-1)
  throw new EspalierError({
    code: 'prune.infeasible',
    message:
      `No sparsity was found that loses at most ${lose} on validation` +
      (last?.correct == null ? '.' : `: at ${last.sparsity} ${last.correct} of ${total} are right, before ${before}.`),
    rule: 'The target is met without training.',
    hint: 'Allow a larger loss, or give a sparsity and train.',
  })
}
