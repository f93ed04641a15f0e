/** Whether a network means other classes by its numbers than the data does. */

/** `counts[label][prediction]`: how often samples of a class were given a class. */
export type Confusion = readonly (readonly number[])[]

export function confusionOf(labels: ArrayLike<number>, predictions: ArrayLike<number>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![predictions[i]!]!++
  return counts
}

/**
 * The class that the network gives each class of the data, where that is a plain exchange of classes and explains far
 * more than the network's accuracy does: the right answers under other numbers. Null where there is no such exchange.
 */
export function exchangedClasses(counts: Confusion): number[] | null {
  const given = counts.map(row => row.indexOf(Math.max(...row)))
  const isExchange = new Set(given).size === given.length && given.some((prediction, label) => prediction !== label)
  if (!isExchange) return null
  const total = counts.flat().reduce((sum, count) => sum + count, 0)
  const share = (of: (label: number) => number) => counts.reduce((sum, row, label) => sum + row[of(label)]!, 0) / total
  const [asExchanged, asIs] = [share(label => given[label]!), share(label => label)]
  return asExchanged >= 0.5 && asExchanged > asIs + 0.1 ? given : null
}
