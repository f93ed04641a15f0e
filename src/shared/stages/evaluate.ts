import { z } from 'zod'
import { scoringParameters, splitNames } from '../scoring.ts'
import { defineStage, sparsityCounts } from '../stage.ts'

export const evaluate = defineStage({
  use: 'evaluate',
  label: 'Evaluate',
  help: 'Scores the model as it stands on one split of the data and changes nothing.',
  changesModel: false,
  parameters: scoringParameters,
  result: {
    correct: z.int().min(0),
    total: z.int().min(1),
    /** Shares in [0, 1]. */
    top1: z.number(),
    top5: z.number(),
    /** Mean cross-entropy in nats. */
    loss: z.number(),
    split: z.enum(splitNames),
    ...sparsityCounts,
    /** Per class, in class order: how many were scored, how many were right. */
    classes: z.array(z.strictObject({ name: z.string(), correct: z.int().min(0), total: z.int().min(0) })),
  },
})
