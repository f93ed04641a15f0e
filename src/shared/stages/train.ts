import { defineStage, sparsityCounts } from '../stage.ts'
import { checkTraining, trainingParameters, trainingResult } from '../training.ts'

export const train = defineStage({
  use: 'train',
  label: 'Train',
  help: 'Trains all weights on the training samples. Pruned weights stay zero.',
  changesModel: true,
  parameters: trainingParameters,
  check: checkTraining,
  result: { ...trainingResult, ...sparsityCounts },
})
