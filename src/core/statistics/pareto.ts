export interface Point {
  /** To be large: accuracy. */
  readonly gain: number
  /** To be small: parameters, MACs, bytes, milliseconds. */
  readonly cost: number
}

/**
 * Indices of the points that no other dominates, by rising cost. A point dominates another if it is at least as good
 * in both and better in one; so equal points stay together. Points with NaN are never part of the front.
 */
export function paretoFront(points: readonly Point[]): number[] {
  const order = points
    .flatMap(({ gain, cost }, index) => (Number.isNaN(gain) || Number.isNaN(cost) ? [] : [{ gain, cost, index }]))
    .sort((a, b) => a.cost - b.cost || b.gain - a.gain || a.index - b.index)
  let best: Point | undefined
  return order.flatMap(point => {
    const joins = !best || point.gain > best.gain || (point.gain === best.gain && point.cost === best.cost)
    if (joins) best = point
    return joins ? [point.index] : []
  })
}
