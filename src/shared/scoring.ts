/** What a score is of: a split, batch by batch. */
import { z } from 'zod'

export const splitNames = ['train', 'validation', 'test'] as const
export type ScoredSplit = (typeof splitNames)[number]

/** Runs are held against each other by what they have on test; an accuracy that is of another split says of which. */
export const otherSplit = (split: string): string => (split === 'test' ? '' : split)

export const scoringParameters = {
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
}
