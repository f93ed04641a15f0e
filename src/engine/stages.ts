/** How each stage of a recipe is run: one file a stage in `stages/`, one line here. */
import type { Stage, StageOutcome, StageUse } from '../shared/stages.ts'
import type { StageContext, StageRunner } from './stage-runner.ts'
import { disableFeatures } from './stages/disable-features.ts'
import { distill } from './stages/distill.ts'
import { evaluate } from './stages/evaluate.ts'
import { federate } from './stages/federate.ts'
import { prune } from './stages/prune.ts'
import { recalibrate } from './stages/recalibrate.ts'
import { train } from './stages/train.ts'

export const stageRunners: { readonly [Use in StageUse]: StageRunner<Use> } = {
  'disable-features': disableFeatures,
  evaluate,
  prune,
  recalibrate,
  train,
  distill,
  federate,
}

export async function runStage(stage: Stage, context: StageContext): Promise<StageOutcome> {
  // The table pairs every stage with its own runner, which the type of a lookup by a union cannot say.
  const run = stageRunners[stage.use] as StageRunner<StageUse>
  return { use: stage.use, result: await run(stage, context) } as StageOutcome
}
