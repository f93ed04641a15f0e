import type { Ranking } from './ranking.ts'

/** Ranks the weights of one layer, the least important first. Throws `model.invalid` for weights that are not finite. */
export type Score = (layer: string, weights: Float32Array) => Ranking
