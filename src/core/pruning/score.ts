import type { Random } from '../random.ts'
import type { Ranking } from './ranking.ts'

/**
 * Ranks the weights of one layer, the least important first, from what it says that it needs beside them: gradients of
 * the loss in ONNX layout, or random numbers. Throws `model.invalid` for numbers that are not finite.
 */
export type Score =
  | { readonly needs: 'weights'; readonly rank: (layer: string, weights: Float32Array) => Ranking }
  | {
      readonly needs: 'gradients'
      readonly rank: (layer: string, weights: Float32Array, gradients: Float32Array) => Ranking
    }
  | { readonly needs: 'random'; readonly rank: (layer: string, weights: Float32Array, random: Random) => Ranking }
