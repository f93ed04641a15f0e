import { rankAtRandom } from '../ranking.ts'
import type { Score } from '../score.ts'

/** Every order equally likely: what a score has to beat. */
export const random = { needs: 'random', rank: rankAtRandom } as const satisfies Score
