/**
 * Exact selection of the k smallest keys without sorting: a histogram of the upper 16 bits finds the bucket that holds
 * the k-th key, a second one of the lower 16 bits finds the key itself (radix selection). Two passes, 256 KiB.
 */
import type { Ranking } from './ranking.ts'

const buckets = 0x10000

interface Threshold {
  /** The count-th smallest key. */
  readonly key: number
  /** How many keys equal to it are among the `count` smallest. */
  readonly ties: number
}

/** The first bucket up to which there are more than `rank` entries, and how many entries lie before it. */
function bucketAt(histogram: Uint32Array, rank: number): { bucket: number; before: number } {
  let before = 0
  for (let bucket = 0; bucket < buckets; bucket++) {
    const next = before + histogram[bucket]!
    if (next > rank) return { bucket, before }
    before = next
  }
  throw new RangeError(`selection: there are ${before} keys, rank ${rank} was asked for`)
}

/** Where the `count` smallest keys of all rankings end; 1 <= count <= number of keys. */
function thresholdOf(rankings: readonly Ranking[], count: number): Threshold {
  const histogram = new Uint32Array(buckets)
  for (const { keys, keyMask } of rankings)
    for (let i = 0; i < keys.length; i++) histogram[(keys[i]! & keyMask) >>> 16]!++
  const high = bucketAt(histogram, count - 1)
  histogram.fill(0)
  for (const { keys, keyMask } of rankings) {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]! & keyMask
      if (key >>> 16 === high.bucket) histogram[key & 0xffff]!++
    }
  }
  const low = bucketAt(histogram, count - 1 - high.before)
  return { key: high.bucket * buckets + low.bucket, ties: count - high.before - low.before }
}

/** How the `count` smallest keys of all layers fall on the layers. Equal keys go by layer, in the order given. */
export function countLowest(rankings: readonly Ranking[], count: number): number[] {
  if (count === 0) return rankings.map(() => 0)
  const threshold = thresholdOf(rankings, count)
  let ties = threshold.ties
  return rankings.map(({ keys, keyMask }) => {
    let below = 0
    let equal = 0
    for (let i = 0; i < keys.length; i++) {
      const key = (keys[i]! & keyMask) >>> 0
      if (key < threshold.key) below++
      else if (key === threshold.key) equal++
    }
    const taken = Math.min(equal, ties)
    ties -= taken
    return below + taken
  })
}

/** The mask (1 = kept) that drops the `count` smallest keys of one layer. Equal keys go by index. */
export function maskLowest(ranking: Ranking, count: number): Uint8Array {
  const { keys, keyMask } = ranking
  const mask = new Uint8Array(keys.length)
  if (count === 0) return mask.fill(1)
  let { key: threshold, ties } = thresholdOf([ranking], count)
  for (let i = 0; i < keys.length; i++) {
    const key = (keys[i]! & keyMask) >>> 0
    if (key > threshold) mask[i] = 1
    else if (key === threshold && ties-- <= 0) mask[i] = 1
  }
  return mask
}
