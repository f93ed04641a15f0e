import { rankByMagnitude } from '../ranking.ts'
import type { Score } from '../score.ts'

/** |w|: the smallest weights go first (Han et al. 2015; the score of Global MP, arXiv 2209.14624). */
export const magnitude = { needs: 'weights', rank: rankByMagnitude } as const satisfies Score
