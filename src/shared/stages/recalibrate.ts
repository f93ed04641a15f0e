import { z } from 'zod'
import { defineStage, sparsityCounts } from '../stage.ts'
import { batch } from '../training.ts'

export const recalibrate = defineStage({
  use: 'recalibrate',
  label: 'Recalibrate',
  help: 'Measures the statistics of batch normalisation anew, on training samples without their labels. Pruning leaves them stale.',
  changesModel: true,
  parameters: {
    batches: z.int().min(1).max(100_000).default(8).meta({
      label: 'Batches',
      unit: 'batches',
      help: 'Training batches whose statistics are averaged.',
    }),
    batch,
  },
  result: {
    /** Batches and samples that were used. */
    batches: z.int().min(1),
    samples: z.int().min(1),
    /** How far the running means moved, in running standard deviations: root of the mean square over all channels. */
    shift: z.number(),
    ...sparsityCounts,
  },
})
