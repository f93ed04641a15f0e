/** Whether two means differ by more than their spread explains: Welch 1947, "The generalization of Student's problem". */
import { mean, sampleStandardDeviation } from './summary.ts'

export interface Welch {
  readonly t: number
  /** Welch and Satterthwaite's degrees of freedom. */
  readonly df: number
  /** Two-sided: how likely a difference so large is where there is none. */
  readonly p: number
}

/** Null where either has fewer than two values, or neither has any spread: there is nothing to hold the difference against. */
export function welchTest(a: readonly number[], b: readonly number[]): Welch | null {
  const [sa, sb] = [sampleStandardDeviation(a), sampleStandardDeviation(b)]
  if (sa === null || sb === null) return null
  const [va, vb] = [sa ** 2 / a.length, sb ** 2 / b.length]
  if (va + vb === 0) return null
  const t = (mean(a) - mean(b)) / Math.sqrt(va + vb)
  const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1))
  return { t, df, p: regularizedBeta(df / (df + t * t), df / 2, 0.5) }
}

/** I_x(a, b) by its continued fraction (Abramowitz and Stegun 26.5.8), which converges fast below the mean of the distribution. */
export function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - regularizedBeta(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log(1 - x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
  return front / fraction(x, a, b)
}

/** 1 + d1/(1 + d2/(1 + ...)) by Lentz's algorithm. */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  let value = 1
  let numerator = 1
  let denominator = 0
  for (let i = 1; i <= 500; i++) {
    const m = Math.floor(i / 2)
    const d =
      i % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    denominator = 1 / (1 + d * denominator || tiny)
    numerator = 1 + d / numerator || tiny
    value *= numerator * denominator
    if (Math.abs(numerator * denominator - 1) < 1e-14) break
  }
  return value
}

/** Lanczos's approximation, to about 15 digits for x > 0. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ]
  const shifted = x - 1
  const series = coefficients.reduce((sum, c, i) => sum + c / (shifted + i + 1), 0.9999999999998099)
  const t = shifted + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series)
}
