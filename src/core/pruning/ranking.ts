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
  /** How many weights are zero already. */
  readonly zeros: number
}

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/** The float with these bits. */
export function floatOfBits(bits: number): number {
  scratchBits[0] = bits
  return scratch[0]!
}

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

const notFinite = (layer: string, what: string, index: number) =>
  new EspalierError({
    code: 'model.invalid',
    message: `The ${what} of "${layer}" at index ${index} is not a finite number.`,
    rule: 'Only finite weights can be ranked.',
  })

/** By |weight|: the bits of the weights without the sign. Shares memory with `weights`. */
export function rankByMagnitude(layer: string, weights: Float32Array): Ranking {
  const keys = bitsOf(weights)
  const largest = 0x7f7fffff // of the largest finite float; infinity and NaN lie above
  let zeros = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]! & 0x7fffffff
    if (key > largest) throw notFinite(layer, 'weight', i)
    if (key === 0) zeros++
  }
  return { layer, keys, keyMask: 0x7fffffff, scoreOf: floatOfBits, zeros }
}

/** By any finite score, one for each weight; the lowest goes first. `scores` is overwritten: its memory holds the keys. */
export function rankByScore(layer: string, weights: Float32Array, scores: Float32Array): Ranking {
  const keys = bitsOf(scores)
  let zeros = 0
  for (let i = 0; i < keys.length; i++) {
    if (!Number.isFinite(weights[i])) throw notFinite(layer, 'weight', i)
    if (!Number.isFinite(scores[i])) throw notFinite(layer, 'score', i)
    scores[i]! += 0 // -0 becomes +0, so that both zeros tie
    const bits = keys[i]!
    // Negative floats order backwards: flip all their bits. Lift the others above them by the sign bit.
    keys[i] = weights[i] === 0 ? 0 : bits & 0x80000000 ? ~bits : bits | 0x80000000
    if (weights[i] === 0) zeros++
  }
  const scoreOf = (key: number) => floatOfBits(key & 0x80000000 ? key & 0x7fffffff : ~key)
  return { layer, keys, keyMask: 0xffffffff, scoreOf, zeros }
}

/** At random. Zero weights draw too, so that one stream gives the same order whatever has gone already. */
export function rankAtRandom(layer: string, weights: Float32Array, random: Random): Ranking {
  const keys = new Uint32Array(weights.length)
  let zeros = 0
  for (let i = 0; i < keys.length; i++) {
    if (!Number.isFinite(weights[i])) throw notFinite(layer, 'weight', i)
    const drawn = random.uint32()
    if (weights[i] === 0) zeros++
    else keys[i] = Math.max(drawn, 1) // key 0 belongs to zero weights
  }
  return { layer, keys, keyMask: 0xffffffff, scoreOf: key => key, zeros }
}
