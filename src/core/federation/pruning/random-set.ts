/**
 * Which weights may change in a round, drawn at random: the random masks of Konečný et al. 2016 ("Federated learning: strategies
 * for improving communication efficiency", section 2), of weights or of whole output channels. The same keys give the same
 * set, so that nobody has to send it.
 */

import { elementCount } from '../../graph/dims.ts'
import type { Graph, Masks } from '../../graph/model.ts'
import { floorShare } from '../../pruning/share.ts'
import { createRandom, deriveSeed, type Random } from '../../random.ts'

export interface RandomSetOptions {
  /** floor(keep x count) weights, or output channels, of each of the layers `names` are chosen. */
  readonly keep: number
  readonly of: 'weights' | 'channels'
  readonly seed: number
  readonly round: number
}

/** 1 = may change, by name. */
export function randomSet(graph: Graph, names: readonly string[], { keep, of, seed, round }: RandomSetOptions): Masks {
  return new Map(
    names.map(name => {
      const { dims } = graph.parameters[name]!
      const size = elementCount(dims)
      const units = of === 'weights' ? size : dims[0]!
      const chosen = choose(units, floorShare(keep, units), createRandom(deriveSeed(seed, 'random-set', round, name)))
      return [name, units === size ? chosen : spread(chosen, size / units)]
    }),
  )
}

/** Exactly `count` of `size`, each set of them as likely as any other (Knuth, algorithm S). */
function choose(size: number, count: number, random: Random): Uint8Array {
  const chosen = new Uint8Array(size)
  let missing = count
  for (let i = 0; i < size && missing > 0; i++) {
    if (random.uniform() * (size - i) >= missing) continue
    chosen[i] = 1
    missing--
  }
  return chosen
}

/** Each entry `times` times. */
function spread(entries: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(entries.length * times)
  for (const [i, entry] of entries.entries()) all.fill(entry, i * times, (i + 1) * times)
  return all
}
