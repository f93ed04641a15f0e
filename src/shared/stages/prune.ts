import { z } from 'zod'
import { allocations, idsOf, scores } from '../methods.ts'
import { defineStage, layerSparsitySchema, sparsityCounts } from './stage.ts'

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
  },
  result: {
    ...sparsityCounts,
    /** zeros / weights, achieved. */
    sparsity: z.number(),
    layers: z.array(layerSparsitySchema),
  },
})
