/** Which samples a stage works with. */
import { scores } from '../core/pruning/scores.ts'
import type { ScoredSplit } from '../shared/stages/evaluate.ts'
import type { Stage } from '../shared/stages.ts'

/** Whether it changes weights by their gradients. */
export const trains = (stage: Stage): boolean =>
  stage.use === 'train' || (stage.use === 'prune' && stage.train !== undefined)

/** The samples without which it cannot begin; null where it needs none. */
export function samplesNeeded(stage: Stage): ScoredSplit | null {
  if (stage.use === 'evaluate') return stage.split
  if (stage.use === 'recalibrate' || trains(stage)) return 'train'
  return stage.use === 'prune' && scores[stage.score].needs === 'gradients' ? 'train' : null
}
