import { scoreSplit } from '../score-split.ts'
import type { StageRunner } from '../stage-runner.ts'

/** Scores the model on a split. */
export const evaluate: StageRunner<'evaluate'> = scoreSplit
