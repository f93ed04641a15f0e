/** Shares out a whole number of units, exactly and step by step. */

export interface Claim {
  /** Its part of the units is in proportion to this; above 0. */
  readonly weight: number
  /** Whole numbers, lower <= upper. */
  readonly lower: number
  readonly upper: number
}

/**
 * `total` units in proportion to the claims' weights, within their bounds, by the divisor method of Jefferson (1792):
 * unit j of a claim has priority j / weight, and units go by priority, equal ones by position. So the numbers are whole,
 * the total is exact, and a larger total gives nobody less: what is shared out in steps ends as what is shared out at
 * once. Rounding to the largest remainders does not have that (the Alabama paradox).
 * The total lies between the sums of the bounds.
 */
export function apportion(total: number, claims: readonly Claim[]): number[] {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0)
  // The highest price of a unit at which the units do not exceed the total; ever closer to the highest one there is.
  let low = 0
  let high = Math.max(0, ...claims.map(({ weight, upper }) => (upper + 1) / weight))
  for (let middle = high / 2; middle > low && middle < high; middle = low + (high - low) / 2) {
    if (sum(claims.map(claim => unitsAt(claim, middle))) > total) high = middle
    else low = middle
  }
  const counts = claims.map(claim => unitsAt(claim, low))
  for (let rest = total - sum(counts); rest > 0; rest--) {
    let next = -1
    let least = Number.POSITIVE_INFINITY
    for (const [i, { weight, upper }] of claims.entries()) {
      const priority = (counts[i]! + 1) / weight
      if (counts[i]! < upper && priority < least) [next, least] = [i, priority]
    }
    if (next < 0) throw new RangeError(`apportion: ${total} units are more than all claims may have`)
    counts[next]!++
  }
  return counts
}

/** How many units of the claim have at most this priority, in the same arithmetic that compares priorities. */
function unitsAt({ weight, lower, upper }: Claim, priority: number): number {
  let units = Math.floor(priority * weight)
  if ((units + 1) / weight <= priority) units++
  else if (units / weight > priority) units--
  return Math.min(Math.max(units, lower), upper)
}
