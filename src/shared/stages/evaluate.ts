import { z } from 'zod'
import { defineStage, sparsityCounts } from '../stage.ts'

export const splitNames = ['train', 'validation', 'test'] as const
export type ScoredSplit = (typeof splitNames)[number]

export const evaluate = defineStage({
  use: 'evaluate',
  label: 'Evaluate',
  help: 'Scores the model as it stands on one split of the data and changes nothing.',
  changesModel: false,
  parameters: {
    split: z
      .enum(splitNames)
      .default('test')
      .meta({
        label: 'Split',
        help: 'Which samples to score. Choose settings on validation; report test once.',
        choices: {
          train: { label: 'Training', help: 'training samples that are not in the validation split' },
          validation: { label: 'Validation', help: 'the seeded share of the training data that is held out' },
          test: { label: 'Test', help: 'the test samples' },
        },
      }),
    batch: z.int().min(1).max(4096).default(128).meta({
      label: 'Batch',
      unit: 'samples',
      help: 'Samples per step. It changes speed and memory, not the result.',
    }),
  },
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
