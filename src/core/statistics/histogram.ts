export interface Histogram {
  /** Lower edge of the first bin and upper edge of the last; all bins are equally wide. */
  readonly low: number
  readonly high: number
  readonly counts: number[]
}

/** Values in `bins` equal bins from the smallest to the largest value. One value alone (or none) gives one full (or empty) bin. */
export function histogram(values: ArrayLike<number>, bins: number): Histogram {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!)
    high = Math.max(high, values[i]!)
  }
  if (values.length === 0) return { low: 0, high: 0, counts: [0] }
  if (low === high) return { low, high, counts: [values.length] }
  const counts = new Array<number>(bins).fill(0)
  const scale = bins / (high - low)
  // The largest value would open a bin of its own; it belongs to the last.
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i]! - low) * scale))]!++
  return { low, high, counts }
}
