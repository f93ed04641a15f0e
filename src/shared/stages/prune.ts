import { z } from 'zod'
import { allocations, idsOf, scores } from '../methods.ts'
import { defineStage, layerSparsitySchema, sparsityCounts } from '../stage.ts'

export const prune = defineStage({
  use: 'prune',
  label: 'Prune',
  help: 'Sets the least important convolution and linear weights to zero, and keeps them zero from then on.',
  changesModel: true,
  parameters: {
    allocation: z
      .enum(idsOf(allocations))
      .default('global')
      .meta({ label: 'Allocation', help: 'How the zeros are shared out over the layers.', choices: allocations }),
    score: z
      .enum(idsOf(scores))
      .default('magnitude')
      .meta({ label: 'Score', help: 'What makes a weight important.', choices: scores }),
    sparsity: z.number().min(0).lt(1).meta({
      label: 'Sparsity',
      unit: 'share',
      help: 'Share of all prunable weights that are zero afterwards. It is absolute: a second prune to 0.9 means 0.9.',
    }),
    minimumKeep: z
      .number()
      .min(0)
      .refine(value => value < 1 || Number.isInteger(value), 'must be a whole number of weights, or a share below 1')
      .default(0)
      .meta({
        label: 'Minimum to keep',
        help: 'Weights that every layer keeps, so that none dies: a whole number, or below 1 a share of all prunable weights. A smaller layer keeps all. 0 sets no minimum.',
      }),
  },
  result: {
    ...sparsityCounts,
    /** zeros / weights, achieved. */
    sparsity: z.number(),
    layers: z.array(layerSparsitySchema),
  },
})
