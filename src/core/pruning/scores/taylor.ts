import { rankByScore } from '../ranking.ts'
import type { Score } from '../score.ts'

/**
 * |w dL/dw|: how much the loss changes, to first order, when the weight is set to zero (Molchanov et al. 2017, equation 7,
 * for single weights).
 */
export const taylor = {
  needs: 'gradients',
  rank(layer: string, weights: Float32Array, gradients: Float32Array) {
    if (gradients.length !== weights.length)
      throw new Error(`taylor: "${layer}" has ${weights.length} weights and ${gradients.length} gradients`)
    return rankByScore(
      layer,
      weights,
      weights.map((weight, i) => Math.abs(weight * gradients[i]!)),
    )
  },
} as const satisfies Score
