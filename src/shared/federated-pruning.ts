/** How clients of a federation prune while they train: the parameter `pruning` of the stage `federate` (five-systems, section 4). */
import { z } from 'zod'
import { byMode } from './by-kind.ts'

/** What makes the gradient of a weight worth applying. */
export const saliences = {
  product: { label: 'Weight x gradient', help: '|w g|: how much the loss changes, to first order, without the weight' },
  gradient: { label: 'Gradient', help: '|g|' },
  weight: { label: 'Weight', help: '|w|' },
} as const
export type SalienceId = keyof typeof saliences

const keep = (usual: number, help: string) =>
  z.number().gt(0).max(1).default(usual).meta({ label: 'Keep', unit: 'share', help })

const none = z.strictObject({ mode: z.literal('none') }).meta({ label: 'None', help: 'Nothing is pruned.' })

const gate = z
  .strictObject({
    mode: z.literal('gate'),
    keep: keep(
      0.7,
      'Share of the channels of every gated convolution that are open for a sample. It holds when testing too.',
    ),
  })
  .meta({
    label: 'Gates',
    help: 'A small predictor opens the most salient channels for each sample; closed ones are neither computed nor trained on it. The model has the gates from then on. As the first published code has it.',
  })

const threshold = z
  .strictObject({
    mode: z.literal('threshold'),
    threshold: z.number().min(0).max(100).default(1e-3).meta({
      label: 'Threshold',
      help: 'Weights of convolutions up to this size become zero after every local epoch; they may grow again. The published 0.001 takes about one weight of a fresh network in a hundred.',
    }),
    onServer: z.boolean().default(true).meta({
      label: 'On the server too',
      help: 'The mean of zeros and small weights is small, not zero: without this, as published, the model that goes down is dense.',
    }),
  })
  .meta({
    label: 'Threshold',
    help: 'Small weights become zero after every local epoch. As the second published code has it.',
  })

const salience = z
  .strictObject({
    mode: z.literal('salience'),
    keep: keep(
      0.3,
      'Share of the prunable weights that a client may change in a round, and so the most that it uploads of them.',
    ),
    score: z
      .enum(Object.keys(saliences) as [SalienceId, ...SalienceId[]])
      .default('product')
      .meta({ label: 'Salience', help: 'What makes a weight salient.', choices: saliences }),
    chosen: z
      .enum(['server', 'client', 'steps'])
      .default('server')
      .meta({
        label: 'Chosen by',
        help: 'Who decides which weights are salient, and how often.',
        choices: {
          server: {
            label: 'The server',
            help: 'before each round, for all clients, on a few training samples that it is taken to hold; the set goes down with the model',
          },
          client: { label: 'Each client', help: 'before its local training, on its own samples' },
          steps: {
            label: 'Each batch',
            help: 'anew in every step; weights join until the share to keep has changed in the round, after that only those',
          },
        },
      }),
    per: z
      .enum(['batch', 'sample'])
      .default('batch')
      .meta({
        label: 'Measured per',
        help: 'Whether gradients of samples may cancel each other before their size is taken.',
        choices: {
          batch: { label: 'Batch', help: 'the size of the mean gradient of a batch' },
          sample: { label: 'Sample', help: 'the mean size of the gradients of single samples: many times slower' },
        },
      }),
    batches: z.int().min(1).max(1000).default(1).meta({
      label: 'Batches',
      unit: 'batches',
      help: 'Over which salience is measured; where it is measured per sample, so many times 32 samples.',
    }),
    perStep: z.number().gt(0).max(1).default(0.1).meta({
      label: 'Per step',
      unit: 'share',
      help: 'Share of each layer whose gradients are applied in a step, where each batch chooses.',
    }),
    scope: z
      .enum(['layer', 'network'])
      .default('layer')
      .meta({
        label: 'Compared within',
        help: 'What a weight has to be salient among.',
        choices: {
          layer: { label: 'The layer', help: 'the same share of every layer' },
          network: { label: 'The network', help: 'one threshold for all layers' },
        },
      }),
  })
  .check(({ value, issues }) => {
    if (value.chosen !== 'steps') return
    const fault = (key: string, message: string) =>
      issues.push({ code: 'custom', message, input: undefined, path: [key] })
    if (value.per === 'sample') fault('per', 'must be batch where chosen is steps')
    if (value.scope === 'network') fault('scope', 'must be layer where chosen is steps')
  })
  .meta({
    label: 'Salience',
    help: 'Only gradients of salient weights are applied: all others stay as they are, without decay or momentum, and are not sent. A reconstruction from the abstract of the paper, whose codes have no formula for it.',
  })

const random = z
  .strictObject({
    mode: z.literal('random'),
    keep: keep(
      0.3,
      'Share of the prunable weights that a client may change in a round, and so the most that it uploads of them.',
    ),
    of: z
      .enum(['weights', 'channels'])
      .default('weights')
      .meta({
        label: 'Drawn',
        help: 'What is drawn together.',
        choices: {
          weights: { label: 'Weights', help: 'one by one' },
          channels: { label: 'Channels', help: 'all weights of an output channel together' },
        },
      }),
  })
  .meta({
    label: 'Random',
    help: 'A share of the weights that is drawn anew in each round, the same for all clients: what salience has to beat.',
  })

const filters = keep(0.7, 'Share of the output channels of every convolution that are kept.')
const softFilters = z.strictObject({ mode: z.literal('soft-filters'), keep: filters }).meta({
  label: 'Soft filters',
  help: 'A baseline: the smallest output channels become zero after every local epoch, by their L1 norm; they may grow again.',
})
const staticFilters = z.strictObject({ mode: z.literal('static-filters'), keep: filters }).meta({
  label: 'Static filters',
  help: 'A baseline: the smallest output channels go before the first round, by their L2 norm, and stay away.',
})

export const federatedPruningSchema = byMode([none, gate, threshold, salience, random, softFilters, staticFilters])
export type FederatedPruning = z.output<typeof federatedPruningSchema>
export type FederatedPruningMode = FederatedPruning['mode']
export type PruningOf<Mode extends FederatedPruningMode> = Extract<FederatedPruning, { mode: Mode }>
