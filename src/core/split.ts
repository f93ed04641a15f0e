/** The validation split: some training samples set aside, never trained on. */
import { EspalierError } from '../shared/errors.ts'
import { createRandom, type Random } from './random.ts'

export interface TrainSplit {
  /** Sample indices, ascending. */
  readonly train: Int32Array
  readonly validation: Int32Array
}

/**
 * The split belongs to the data, not to the run: with one seed for all runs, runs under different seeds are scored on
 * the same samples, and no run trains on what another was chosen by.
 */
export const defaultSplitSeed = 1234

/** How many of `count` training samples the share sets aside: at most all but one. */
export const validationCount = (count: number, share: number): number =>
  Math.max(0, Math.min(Math.round(share * count), count - 1))

/**
 * Sets round(`share` x `count`) of `count` samples aside, at most all but one. With `labels` (one class index a sample)
 * every class gives its share, to within one sample. Throws `argument.invalid` for a share outside [0, 1).
 */
export function splitTrain(
  count: number,
  share: number,
  seed: number = defaultSplitSeed,
  labels?: ArrayLike<number>,
): TrainSplit {
  if (!(share >= 0 && share < 1)) {
    throw new EspalierError({
      code: 'argument.invalid',
      message: `The validation share is ${share}.`,
      file: String(share),
      rule: 'The share of training samples set aside for validation is at least 0 and below 1.',
    })
  }
  const wanted = validationCount(count, share)
  const random = createRandom(seed)
  const groups = groupByLabel(count, labels)
  const quotas = apportion(
    groups.map(group => group.length),
    wanted,
  )
  const isValidation = new Uint8Array(count)
  for (const [index, group] of groups.entries()) {
    shuffle(group, random)
    for (const sample of group.slice(0, quotas[index])) isValidation[sample] = 1
  }
  const all = Int32Array.from({ length: count }, (_, sample) => sample)
  return {
    train: all.filter(sample => isValidation[sample] === 0),
    validation: all.filter(sample => isValidation[sample] === 1),
  }
}

/** In place, every order equally likely (Fisher and Yates; Durstenfeld 1964). */
export function shuffle(values: number[] | Int32Array, random: Random): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const kept = values[last]!
    values[last] = values[other]!
    values[other] = kept
  }
}

function groupByLabel(count: number, labels: ArrayLike<number> | undefined): number[][] {
  const groups = new Map<number, number[]>()
  for (let sample = 0; sample < count; sample++) {
    const label = labels?.[sample] ?? 0
    const group = groups.get(label)
    if (group) group.push(sample)
    else groups.set(label, [sample])
  }
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, group]) => group)
}

/** Shares `wanted` out in proportion to `sizes`: floors first, then one each to the largest remainders (Hamilton). */
function apportion(sizes: readonly number[], wanted: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const exact = sizes.map(size => (total === 0 ? 0 : (size * wanted) / total))
  const quotas = exact.map(Math.floor)
  const missing = wanted - quotas.reduce((sum, quota) => sum + quota, 0)
  const remainder = (index: number): number => exact[index]! - quotas[index]!
  const byRemainder = sizes.map((_, index) => index).sort((a, b) => remainder(b) - remainder(a) || a - b)
  for (const index of byRemainder.slice(0, missing)) quotas[index]!++
  return quotas
}
