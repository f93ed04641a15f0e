/** Shares drawn from a symmetric Dirichlet distribution. */
import type { Random } from '../random.ts'

/**
 * `count` shares that sum to 1, from Dirichlet(beta, ..., beta): gamma variates over their sum. Their logarithms are
 * drawn, because variates of a small beta are too small for a double: with beta of .01, one in a thousand is below 1e-300.
 */
export function drawDirichlet(random: Random, count: number, beta: number): number[] {
  const logs = Array.from({ length: count }, () => logGamma(random, beta))
  const largest = Math.max(...logs)
  const shares = logs.map(log => Math.exp(log - largest))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return shares.map(share => share / total)
}

/**
 * Logarithm of a Gamma(shape, 1) variate: Marsaglia and Tsang 2000, with their section 6 for every shape: Gamma(shape) is
 * Gamma(shape + 1) times U^(1 / shape).
 */
function logGamma(random: Random, shape: number): number {
  const d = shape + 1 - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = random.normal()
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    if (Math.log(1 - random.uniform()) < x ** 2 / 2 + d * (1 - v + Math.log(v)))
      return Math.log(d * v) + Math.log(1 - random.uniform()) / shape
  }
}
