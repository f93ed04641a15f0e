/**
 * The order in which the weights of a layer go, as unsigned 32-bit keys: the smallest key goes first, equal keys by
 * index. Floats of one sign order like their bits, so nothing is copied or sorted to compare them. A weight that is
 * already zero (a masked one always is) has key 0: it goes before all others, whatever its score.
 */
import { EspalierError } from '../../shared/errors.ts'
import type { Random } from '../random.ts'

export interface Ranking {
  /** The layer's name. */
  readonly layer: string
  /** The key of weight i is `keys[i] & keyMask`, unsigned. */
  readonly keys: Uint32Array
  readonly keyMask: number
  /** The score that a key stands for, where the weight is not zero. */
  readonly scoreOf: (key: number) => number
  /** How many weights are zero already: those with key 0. */
  readonly zeros: number
  /** How many keys have these upper 12 bits. Counted once here, so that a selection reads only one bucket of the keys. */
  readonly histogram: Uint32Array
}

/** Bits of a key below those that the histogram counts by. */
export const bucketBits = 20

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/** The float with these bits. */
export function floatOfBits(bits: number): number {
  scratchBits[0] = bits
  return scratch[0]!
}

/** Shares memory with `values`. */
export const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length)

/** The ranking that these keys make; 0 is the key of zero weights and of no others. The keys must stay as they are. */
export function rankingOf({ layer, keys, keyMask, scoreOf }: Omit<Ranking, 'zeros' | 'histogram'>): Ranking {
  const histogram = new Uint32Array(2 ** (32 - bucketBits))
  for (let i = 0; i < keys.length; i++) histogram[(keys[i]! & keyMask) >>> bucketBits]!++
  let zeros = 0
  if (histogram[0]! > 0) for (let i = 0; i < keys.length; i++) if ((keys[i]! & keyMask) === 0) zeros++
  return { layer, keys, keyMask, scoreOf, zeros, histogram }
}

const notFinite = (layer: string, what: string, index: number) =>
  new EspalierError({
    code: 'model.invalid',
    message: `The ${what} of "${layer}" at index ${index} is not a finite number.`,
    rule: 'Only finite weights can be ranked.',
  })

/** By |weight|: the bits of the weights without the sign. Shares memory with `weights`. */
export function rankByMagnitude(layer: string, weights: Float32Array): Ranking {
  const ranking = rankingOf({ layer, keys: bitsOf(weights), keyMask: 0x7fffffff, scoreOf: floatOfBits })
  const finite = 0x7f800000 >>> bucketBits // infinity and NaN have the largest exponent
  if (ranking.histogram.subarray(finite).some(count => count > 0))
    throw notFinite(
      layer,
      'weight',
      weights.findIndex(weight => !Number.isFinite(weight)),
    )
  return ranking
}

/** By any finite score, one for each weight; the lowest goes first. `scores` is overwritten: its memory holds the keys. */
export function rankByScore(layer: string, weights: Float32Array, scores: Float32Array): Ranking {
  const keys = bitsOf(scores)
  for (let i = 0; i < keys.length; i++) {
    if (!Number.isFinite(weights[i])) throw notFinite(layer, 'weight', i)
    if (!Number.isFinite(scores[i])) throw notFinite(layer, 'score', i)
    scores[i]! += 0 // -0 becomes +0, so that both zeros tie
    const bits = keys[i]!
    // Negative floats order backwards: flip all their bits. Lift the others above them by the sign bit.
    keys[i] = weights[i] === 0 ? 0 : bits & 0x80000000 ? ~bits : bits | 0x80000000
  }
  const scoreOf = (key: number) => floatOfBits(key & 0x80000000 ? key & 0x7fffffff : ~key)
  return rankingOf({ layer, keys, keyMask: 0xffffffff, scoreOf })
}

/** At random. Zero weights draw too, so that one stream gives the same order whatever has gone already. */
export function rankAtRandom(layer: string, weights: Float32Array, random: Random): Ranking {
  const keys = new Uint32Array(weights.length)
  for (let i = 0; i < keys.length; i++) {
    if (!Number.isFinite(weights[i])) throw notFinite(layer, 'weight', i)
    const drawn = random.uint32()
    if (weights[i] !== 0) keys[i] = Math.max(drawn, 1) // key 0 belongs to zero weights
  }
  return rankingOf({ layer, keys, keyMask: 0xffffffff, scoreOf: key => key })
}
