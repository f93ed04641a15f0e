/** Which samples a stage works with. */
import { scores } from '../core/pruning/scores.ts'
import { curveAllocations } from '../shared/distortion.ts'
import type { ScoredSplit } from '../shared/scoring.ts'
import type { Stage, StageOf } from '../shared/stages.ts'

/** Whether it changes weights by their gradients. */
export const trains = (stage: Stage): boolean =>
  stage.use === 'train' ||
  stage.use === 'distill' ||
  stage.use === 'federate' ||
  (stage.use === 'prune' && stage.train !== undefined)

/** Whether it measures distortion on training samples. */
export const calibrates = (stage: Stage): stage is StageOf<'prune'> =>
  stage.use === 'prune' && curveAllocations.includes(stage.allocation) && stage.calibration.choose !== 'noise'

/** The samples without which it cannot begin, of data that has test samples or has none. */
export function samplesNeeded(stage: Stage, hasTest: boolean): readonly ScoredSplit[] {
  if (stage.use === 'evaluate' || stage.use === 'disable-features') return [stage.split]
  if (stage.use === 'distill') return ['train', hasTest || stage.choose === 'test' ? 'test' : 'validation']
  if (stage.use === 'prune' && stage.target?.kind === 'accuracy') return ['validation']
  if (stage.use === 'recalibrate' || trains(stage)) return ['train']
  if (stage.use !== 'prune') return []
  return scores[stage.score].needs === 'gradients' || calibrates(stage) ? ['train'] : []
}
