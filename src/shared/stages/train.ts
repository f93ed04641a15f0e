import { z } from 'zod'
import { idsOf, trainables } from '../methods.ts'
import { defineStage, sparsityCounts } from '../stage.ts'
import { checkTraining, trainingParameters, trainingResult } from '../training.ts'

export const train = defineStage({
  use: 'train',
  label: 'Train',
  help: 'Trains weights on the training samples: all of them, or batch norm alone. Pruned weights stay zero.',
  changesModel: true,
  parameters: {
    ...trainingParameters,
    trainable: z.enum(idsOf(trainables)).default('all').meta({
      label: 'Trains',
      help: 'What learns. All else keeps its values to the bit; running statistics move in any case.',
      choices: trainables,
    }),
  },
  check: checkTraining,
  result: { ...trainingResult, ...sparsityCounts },
})
