/** Thins a long series for drawing, where whoever draws cannot import the science. */
export interface Downsampled {
  /** Positions to keep, rising; the first and the last are among them. */
  readonly indices: number[]
  /** True where points were left out, so that a chart can say so. */
  readonly isThinned: boolean
}

/**
 * At most `limit` (>= 4) of the values, so that a drawn line keeps its extremes: the series is cut into equal pieces
 * and each gives its smallest and its largest value. Values that are not a number are kept only as ends.
 */
export function downsample(values: ArrayLike<number>, limit: number): Downsampled {
  const count = values.length
  if (count <= limit) return { indices: Array.from({ length: count }, (_, i) => i), isThinned: false }
  const pieces = Math.floor((limit - 2) / 2)
  const indices = new Set([0])
  for (let piece = 0; piece < pieces; piece++) {
    // The ends are kept anyway; the pieces share out what lies between them.
    const from = 1 + Math.floor((piece * (count - 2)) / pieces)
    const to = 1 + Math.floor(((piece + 1) * (count - 2)) / pieces)
    let [low, high] = [-1, -1]
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      if (low < 0 || value < values[low]!) low = i
      if (high < 0 || value > values[high]!) high = i
    }
    for (const i of [Math.min(low, high), Math.max(low, high)]) if (i >= 0) indices.add(i)
  }
  indices.add(count - 1)
  return { indices: [...indices], isThinned: true }
}
