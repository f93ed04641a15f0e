/**
 * Exact selection of the k smallest keys without sorting: the histogram of the upper 12 bits, which a ranking has already,
 * finds the bucket that holds the k-th key; two histograms of 10 bits each, over the keys of that bucket alone, find the
 * key itself (radix selection).
 */
import { bucketBits, type Ranking } from './ranking.ts'

/** The first bucket up to which there are more than `rank` entries, and how many entries lie before it. */
function bucketAt(histogram: Uint32Array, rank: number): { bucket: number; before: number } {
  let before = 0
  for (const [bucket, entries] of histogram.entries()) {
    if (before + entries > rank) return { bucket, before }
    before += entries
  }
  throw new RangeError(`selection: there are ${before} keys, rank ${rank} was asked for`)
}

/** The keys in one bucket, in order. */
function keysIn({ keys, keyMask, histogram }: Ranking, bucket: number): Uint32Array {
  const inside = new Uint32Array(histogram[bucket]!)
  for (let i = 0, found = 0; i < keys.length; i++) {
    const key = keys[i]! & keyMask
    if (key >>> bucketBits === bucket) inside[found++] = key
  }
  return inside
}

interface Threshold {
  /** The count-th smallest key. */
  readonly key: number
  /** How many keys equal to it are among the `count` smallest. */
  readonly ties: number
}

/** Where the `count` smallest of these keys end, which are all that the bucket has. */
function thresholdIn(bucket: number, candidates: readonly Uint32Array[], count: number): Threshold {
  const digit = bucketBits / 2
  let prefix = bucket
  let ties = count
  for (const shift of [digit, 0]) {
    const histogram = new Uint32Array(2 ** digit)
    for (const keys of candidates)
      for (let i = 0; i < keys.length; i++)
        if (keys[i]! >>> (shift + digit) === prefix) histogram[(keys[i]! >>> shift) & (2 ** digit - 1)]!++
    const found = bucketAt(histogram, ties - 1)
    prefix = prefix * 2 ** digit + found.bucket
    ties -= found.before
  }
  return { key: prefix, ties }
}

const sum = (counts: Uint32Array) => counts.reduce((total, count) => total + count, 0)

/** How the `count` smallest keys of all layers fall on the layers. Equal keys go by layer, in the order given. */
export function countLowest(rankings: readonly Ranking[], count: number): number[] {
  if (count === 0) return rankings.map(() => 0)
  const histogram = new Uint32Array(2 ** (32 - bucketBits))
  for (const ranking of rankings) for (let i = 0; i < histogram.length; i++) histogram[i]! += ranking.histogram[i]!
  const { bucket, before } = bucketAt(histogram, count - 1)
  const candidates = rankings.map(ranking => keysIn(ranking, bucket))
  const threshold = thresholdIn(bucket, candidates, count - before)
  let ties = threshold.ties
  return rankings.map((ranking, layer) => {
    let below = sum(ranking.histogram.subarray(0, bucket))
    let equal = 0
    const keys = candidates[layer]!
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
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
  const { keys, keyMask, histogram } = ranking
  const mask = new Uint8Array(keys.length)
  if (count === 0) return mask.fill(1)
  const { bucket, before } = bucketAt(histogram, count - 1)
  // A table instead of a comparison: the processor cannot guess which weights are small.
  const above = new Uint8Array(histogram.length).fill(1, bucket + 1)
  const indices = new Uint32Array(histogram[bucket]!)
  for (let i = 0, found = 0; i < keys.length; i++) {
    const own = (keys[i]! & keyMask) >>> bucketBits
    mask[i] = above[own]!
    if (own === bucket) indices[found++] = i
  }
  const candidates = indices.map(i => keys[i]! & keyMask)
  let { key: threshold, ties } = thresholdIn(bucket, [candidates], count - before)
  for (let i = 0; i < candidates.length; i++) {
    const key = candidates[i]!
    if (key > threshold || (key === threshold && ties-- <= 0)) mask[indices[i]!] = 1
  }
  return mask
}
