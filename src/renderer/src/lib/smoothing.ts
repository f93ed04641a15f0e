/**
 * Exponential moving average of weight `weight` in [0, 1), with the bias towards its start at zero divided out
 * (Kingma and Ba, Adam, 2015, section 3: 1 - weight^t). Values that are not finite stay as they are and do not count; a
 * constant series is given back untouched, not as sums that nearly cancel.
 */
export function smooth(values: readonly number[], weight: number): readonly number[] {
  const first = values.find(Number.isFinite)
  if (weight <= 0 || values.every(value => value === first || !Number.isFinite(value))) return values
  let average = 0
  let rest = 1
  return values.map(value => {
    if (!Number.isFinite(value)) return value
    average = weight * average + (1 - weight) * value
    rest *= weight
    return average / (1 - rest)
  })
}
