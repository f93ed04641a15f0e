import { z } from 'zod'
import { disabledBelow, featureCountsSchema } from '../features.ts'
import { scoringParameters, splitNames } from '../scoring.ts'
import { defineStage, sparsityCounts } from '../stage.ts'

const score = z.strictObject({
  correct: z.int().min(0),
  /** Share in [0, 1]. */
  top1: z.number(),
  /** Mean cross-entropy in nats. */
  loss: z.number(),
})

export const disableFeatures = defineStage({
  use: 'disable-features',
  label: 'Disable features',
  help: 'Sets gammas of batch norm that are almost zero to zero, and scores the model before and after: whether they did anything.',
  changesModel: true,
  parameters: {
    threshold: z.number().gt(0).max(100).default(disabledBelow).meta({
      label: 'Threshold',
      help: 'A feature goes where the absolute value of its gamma is below this.',
    }),
    ...scoringParameters,
  },
  result: {
    ...featureCountsSchema.shape,
    split: z.enum(splitNames),
    total: z.int().min(1),
    before: score,
    after: score,
    ...sparsityCounts,
  },
})
