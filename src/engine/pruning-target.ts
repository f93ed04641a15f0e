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

/** Bytes of the model file, where every kernel has its bits; in between it falls by 4 a zero, whichever layers they are in. */
export interface FileSizes {
  /** Without a single zero. */
  readonly most: number
  /** With nothing but zeros. */
  readonly least: number
}

const bytesPerZero = 4

export function fileSizes({ graph, architecture }: Pick<Model, 'graph' | 'architecture'>): FileSizes {
  const kernels = prunableLayers(graph).map(({ kernel }) => kernel)
  const weights = kernels.reduce((sum, kernel) => sum + elementCount(graph.parameters[kernel]!.dims), 0)
  const most = modelFileSize({ graph, architecture }, new Map(kernels.map(kernel => [kernel, 0])))
  return { most, least: most - bytesPerZero * weights }
}

/** How many zeros bring the file to `bytes`; may be more than there are weights. */
export const zerosForFileSize = ({ most }: FileSizes, bytes: number): number =>
  Math.max(0, Math.ceil((most - bytes) / bytesPerZero))

/**
 * The lowest sparsity at which the model file has at most `bytes`; a layer that stays whole, and so has no bits, can only
 * make it smaller. `zerosAt` gives the zeros of an allocation, which may be a few fewer than asked for; `already` are
 * zero before. Throws `prune.infeasible`, with the smallest size that can be reached.
 */
export function sparsityForFileSize(
  sizes: FileSizes,
  { bytes }: Pick<TargetOf<'file-size'>, 'bytes'>,
  zerosAt: (sparsity: number) => number,
  already = 0,
): number {
  const { most, least } = sizes
  const weights = (most - least) / bytesPerZero
  // Whole numbers of weights: half a weight more, so that the floor of the share is that number.
  const shareOf = (zeros: number) => Math.min(zeros + 0.5, weights - 0.5) / weights
  const wanted = Math.max(already, zerosForFileSize(sizes, bytes))
  let fault: EspalierError | undefined
  const tryZeros = (asked: number) => {
    try {
      return zerosAt(shareOf(asked))
    } catch (thrown) {
      if (!(thrown instanceof EspalierError) || thrown.code !== 'prune.infeasible') throw thrown
      fault ??= thrown
      return
    }
  }
  let reached: number | undefined
  // Between what is zero already and what is more than all; from the first try on by as many as were missing, then by halves
  // below what cannot be reached.
  let [low, high, asked] = [already - 1, weights, Math.min(wanted, weights - 1)]
  while (high - low > 1) {
    const zeros = tryZeros(asked)
    if (zeros !== undefined && zeros >= wanted) return shareOf(asked)
    if (zeros === undefined) high = asked
    else [low, reached] = [asked, zeros]
    asked = high < weights ? Math.floor((low + high) / 2) : Math.min(weights - 1, asked + wanted - zeros!)
  }
  if (reached === undefined && fault) throw fault
  throw tooSmall(bytes, most - bytesPerZero * (reached ?? already), fault)
}

const tooSmall = (bytes: number, least: number, fault: EspalierError | undefined) =>
  new EspalierError({
    code: 'prune.infeasible',
    message: `A model file of ${bytes} bytes cannot be reached: the smallest that can has ${least}.`,
    rule: fault?.rule ?? 'Biases, normalisation, a bit for each pruned weight and one weight at least stay.',
    hint: `Ask for ${least} bytes or more; or ${fault ? 'loosen what holds the layers, or take another allocation' : 'take a smaller network'}.`,
  })

/** Throws where the file is as small as that without this stage. */
export function requireSmaller(now: number, { bytes }: Pick<TargetOf<'file-size'>, 'bytes'>): void {
  if (now > bytes) return
  throw new EspalierError({
    code: 'prune.no-change',
    message: `Pruning to a model file of ${bytes} bytes changes nothing: it has ${now} as it is.`,
    rule: 'A stage that changes nothing stops the run.',
    hint: 'Ask for a smaller file, or leave the stage out.',
  })
}

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
  /** How many validation samples the model gets right that was pruned to this sparsity. */
  score(pruned: Pruned, sparsity: number): Promise<number>
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
    const correct = pruned ? await score(pruned, middle / steps) : null
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
