/** Selection the slow and obvious way: list every weight, sort, take the first. */
import type { Random } from '../../../src/core/random.ts'

export interface Ranked {
  readonly layer: number
  readonly index: number
  readonly score: number
}

/** All weights of all layers, those that go first in front: zero weights, then by score; ties by layer, then by index. */
export function ranked(weights: readonly Float32Array[], scoreOf: (layer: number, index: number) => number): Ranked[] {
  const all = weights.flatMap((values, layer) =>
    [...values].map((value, index) => ({ layer, index, score: value === 0 ? -Infinity : scoreOf(layer, index) })),
  )
  const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0)
  return all.sort((a, b) => compare(a.score, b.score) || a.layer - b.layer || a.index - b.index)
}

/** The masks (1 = kept) after the weights of `pruned` went. */
export function masksWithout(weights: readonly Float32Array[], pruned: readonly Ranked[]): Uint8Array[] {
  const masks = weights.map(values => new Uint8Array(values.length).fill(1))
  for (const { layer, index } of pruned) masks[layer]![index] = 0
  return masks
}

const extremes = [1e-45, -1e-45, 1.17549435e-38, 3.4028234e38, -3.4028234e38, 1, -1, 0.1, -0.1, 65504]

/**
 * A layer of `length` weights of a random kind: normal; a few levels, so that most weights tie; signs of one size;
 * extremes of the format. `zeroShare` of them are +0 or -0.
 */
export function randomWeights(random: Random, length: number, zeroShare: number): Float32Array {
  const kind = random.below(4)
  const scale = 10 ** (random.below(9) - 4)
  return Float32Array.from({ length }, () => {
    const sign = random.below(2) === 0 ? 1 : -1
    if (random.uniform() < zeroShare) return 0 * sign
    if (kind === 0) return scale * random.normal()
    if (kind === 1) return sign * scale * (1 + random.below(3))
    if (kind === 2) return sign * scale
    return extremes[random.below(extremes.length)]!
  })
}
