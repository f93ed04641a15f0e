import { countFeatures } from '../../core/features.ts'
import { deriveSeed } from '../../core/random.ts'
import { countTrainable, trainables } from '../../core/training/trainables.ts'
import { disabledBelow } from '../../shared/features.ts'
import type { StageRunner } from '../stage-runner.ts'
import { train as trainModel } from '../training/loop.ts'
import { programOptions } from '../training/options.ts'
import { noPruning } from '../training/plan.ts'
import { countZeros } from '../training/pruner.ts'

/** Trains what the stage says; what is masked stays zero. */
export const train: StageRunner<'train'> = async (stage, context) => {
  const { model, seed, occurrence } = context
  const set = trainables[stage.trainable](model, deriveSeed(seed, 'trainable', occurrence))
  const compiled = context.trainable({
    ...programOptions(stage, set.parameters, new Set(model.masks.keys())),
    updateMasked: new Set(set.updateMasks.keys()),
  })
  compiled.assignUpdateMasks(set.updateMasks)
  const { model: trainedModel, ...outcome } = await trainModel(context, {
    training: stage,
    compiled,
    trained: set.parameters,
    seed: deriveSeed(seed, 'train', occurrence),
    planFor: () => noPruning,
    settings: stage,
  })
  context.model = trainedModel
  const disabledFeatures = countFeatures(model.graph, trainedModel.weights, disabledBelow)
  return {
    ...outcome,
    ...(disabledFeatures && { disabledFeatures }),
    trainableParams: countTrainable(model.graph, set),
    ...countZeros(trainedModel),
  }
}
