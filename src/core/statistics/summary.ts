export const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length

/** With n - 1 in the denominator; null for fewer than two values, where there is no spread to speak of. */
export function sampleStandardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (values.length - 1))
}
