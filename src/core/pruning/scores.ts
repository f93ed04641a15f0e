/** The scores: what makes a weight important. One file each in `scores/`, one line here. */
import type { ScoreId } from '../../shared/methods.ts'
import type { Score } from './score.ts'
import { magnitude } from './scores/magnitude.ts'
import { random } from './scores/random.ts'
import { taylor } from './scores/taylor.ts'

export const scores: Readonly<Record<ScoreId, Score>> = { magnitude, taylor, random }
