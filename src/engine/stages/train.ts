import { trainableParameters } from '../../core/graph/cost.ts'
import { deriveSeed } from '../../core/random.ts'
import type { StageRunner } from '../stage-runner.ts'
import { train as trainModel } from '../training/loop.ts'
import { programOptions } from '../training/options.ts'
import { noPruning } from '../training/plan.ts'
import { countZeros } from '../training/pruner.ts'

/** Trains every parameter; what is masked stays zero. */
export const train: StageRunner<'train'> = async (stage, context) => {
  const { model } = context
  const trained = new Set(trainableParameters(model.graph))
  const { model: trainedModel, ...outcome } = await trainModel(context, {
    training: stage,
    compiled: context.trainable(programOptions(stage, trained, new Set(model.masks.keys()))),
    trained,
    seed: deriveSeed(context.seed, 'train', context.occurrence),
    planFor: () => noPruning,
    settings: stage,
  })
  context.model = trainedModel
  return { ...outcome, ...countZeros(trainedModel) }
}
