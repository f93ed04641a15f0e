/** The scores: what makes a weight important. One file each in `scores/`, one line here. */
import type { ScoreId } from '../../shared/methods.ts'
import type { Score } from './score.ts'
import { magnitude } from './scores/magnitude.ts'

export const scores = { magnitude } as const satisfies Record<ScoreId, Score>
