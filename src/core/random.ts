/**
 * Seeded random numbers: xoshiro128** of Blackman and Vigna ("Scrambled linear pseudorandom number generators", 2021),
 * its state filled by splitmix32. The whole state is four integers, so a run can store it and go on exactly.
 */
export type RandomState = readonly [number, number, number, number]

export interface Random {
  /** Uniform integer in [0, 2^32). */
  readonly uint32: () => number
  /** Uniform in [0, 1), 53 bits. */
  readonly uniform: () => number
  /** Uniform integer in [0, bound), without bias; 1 <= bound <= 2^32. */
  readonly below: (bound: number) => number
  /** Standard normal (Box and Muller, 1958; the second number of each pair is dropped, so that nothing hides from `state`). */
  readonly normal: () => number
  readonly state: () => RandomState
}

const rotateLeft = (x: number, by: number) => (x << by) | (x >>> (32 - by))

/** `seed` is an integer in [0, 2^32). */
export function createRandom(seed: number): Random {
  let z = seed >>> 0
  const splitmix32 = () => {
    z = (z + 0x9e3779b9) | 0
    let t = z ^ (z >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return (t ^ (t >>> 15)) >>> 0
  }
  return restoreRandom([splitmix32(), splitmix32(), splitmix32(), splitmix32()])
}

/** Goes on where `state()` was taken. */
export function restoreRandom(state: RandomState): Random {
  let [a, b, c, d] = state
  function uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotateLeft(d, 11)
    return result
  }
  const uniform = () => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 0x20000000000000
  return {
    uint32,
    uniform,
    below(bound) {
      // Numbers past the last whole multiple of `bound` would make the small results likelier.
      const limit = 0x100000000 - (0x100000000 % bound)
      let x = uint32()
      while (x >= limit) x = uint32()
      return x % bound
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  }
}

/**
 * A seed for one purpose, from the seed of a run: streams of different keys have nothing to do with each other, and one
 * that is keyed by (epoch, step) needs no state to be stored. FNV-1a over the keys, then murmur3's finalizer.
 */
export function deriveSeed(seed: number, ...keys: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const character of [seed, ...keys].join('/')) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
