/** What a federation is made of: the choices of the stage `federate`, and what it says of a round. */
import { z } from 'zod'
import { byKind } from './by-kind.ts'

const beta = z.number().gt(0).max(1e6).default(0.5).meta({
  label: 'Beta',
  help: 'Of the Dirichlet distribution: the smaller, the more uneven. 0.1 is strong, 100 is nearly even.',
})
const minimum = (usual: number) =>
  z.int().min(1).max(1_000_000).default(usual).meta({
    label: 'Minimum',
    unit: 'samples',
    help: 'Samples that every client holds at least.',
  })

const dirichlet = z.strictObject({ kind: z.literal('dirichlet'), beta, minimum: minimum(10) }).meta({
  label: 'Dirichlet',
  help: 'Each class is shared out unevenly, by Dirichlet(beta): clients differ in classes and in size.',
})
const shards = z
  .strictObject({
    kind: z.literal('shards'),
    perClient: z.int().min(1).max(1000).default(2).meta({
      label: 'Shards',
      unit: 'per client',
      help: 'Pieces of samples sorted by class that each client is dealt: about as many classes does it see.',
    }),
    minimum: minimum(1),
  })
  .meta({ label: 'Shards by class', help: 'Samples sorted by class and cut into equal pieces, a few for each client.' })
const iid = z
  .strictObject({ kind: z.literal('iid'), minimum: minimum(1) })
  .meta({ label: 'Even', help: 'As many samples for each client, of any class.' })
const quantity = z
  .strictObject({ kind: z.literal('quantity'), beta, minimum: minimum(10) })
  .meta({ label: 'Uneven sizes', help: 'Any class, but sizes by Dirichlet(beta).' })
const file = z
  .strictObject({
    kind: z.literal('file'),
    path: z.string().min(1).meta({
      label: 'File',
      help: 'JSON, relative to the recipe: one list a client of its samples of the training split, counted from 0; or one object a client of how many it has of each class.',
    }),
    minimum: minimum(1),
  })
  .meta({ label: 'From a file', help: 'As a file has it; every training sample belongs to exactly one client.' })

export const partitionSchema = byKind([dirichlet, shards, iid, quantity, file])
export type PartitionSettings = z.output<typeof partitionSchema>
export type PartitionId = PartitionSettings['kind']

const plain = <Kind extends string>(kind: Kind, label: string, help: string) =>
  z.strictObject({ kind: z.literal(kind) }).meta({ label, help })

const fedprox = z
  .strictObject({
    kind: z.literal('fedprox'),
    mu: z.number().min(0).max(1000).default(0.01).meta({
      label: 'Mu',
      help: 'Strength of the pull of each client towards the model that the round began with. 0 is FedAvg.',
    }),
  })
  .meta({ label: 'FedProx', help: 'FedAvg whose clients are held near the model of the server.' })

export const strategySchema = byKind([
  plain('fedavg', 'FedAvg', 'The mean of what clients trained, each by its number of samples.'),
  fedprox,
  plain('fednova', 'FedNova', 'FedAvg in which a client that takes more steps does not pull harder. Needs SGD.'),
  plain(
    'scaffold',
    'SCAFFOLD',
    'Clients correct their gradients by what they and the server remember of them; that travels too. Needs SGD.',
  ),
  plain('local', 'Local only', 'A baseline: nobody sends anything, every client goes on alone.'),
  plain('centralised', 'Centralised', 'A baseline: all samples in one place, trained for as many epochs.'),
])
export type StrategySettings = z.output<typeof strategySchema>
export type StrategyId = StrategySettings['kind']

export const batchNormChoices = {
  recalibrated: {
    label: 'Recalibrated',
    help: 'measured anew by the server after each round, on a few training samples that it is taken to hold',
  },
  averaged: {
    label: 'Averaged',
    help: 'like the weights, as published; early rounds of uneven clients then score like chance',
  },
  local: { label: 'Kept local', help: 'never sent; a round is scored by each client with its own' },
} as const
export type BatchNormId = keyof typeof batchNormChoices

export const heterogeneitySchema = z.strictObject({
  slowest: z.number().gt(0).max(1).default(1).meta({
    label: 'Slowest client',
    unit: 'share',
    help: 'Its speed as a share of that of the fastest; the others are spaced evenly between. It matters with a deadline.',
  }),
  deadline: z.int().min(1).optional().meta({
    label: 'Deadline',
    unit: 'steps',
    help: 'How long a round lasts, in steps of the fastest client. Left out: until everybody is done.',
  }),
  late: z
    .enum(['partial', 'left-out'])
    .default('partial')
    .meta({
      label: 'Late clients',
      help: 'What becomes of clients that are not done by the deadline.',
      choices: {
        partial: { label: 'Hand in', help: 'what they have done by then' },
        'left-out': { label: 'Time out', help: 'and are left out of the round' },
      },
    }),
  dropOut: z.number().min(0).lt(1).default(0).meta({
    label: 'Drop-out',
    unit: 'share',
    help: 'How likely a client is not heard of again after it got the model of a round.',
  }),
  leastKeep: z.number().gt(0).max(1).optional().meta({
    label: 'Least kept',
    unit: 'share',
    help: 'What the slowest client keeps when it prunes; the others are spaced evenly from there to the share that the pruning keeps, the faster the more. For salience that the server or a client chooses, random sets and soft filters. Left out: all keep the same.',
  }),
  narrowest: z.number().gt(0).max(1).optional().meta({
    label: 'Narrowest client',
    unit: 'share',
    help: 'Share of the channels of every layer that the slowest client has: it gets, trains and sends that part of the model alone; the others are spaced evenly from there to the whole, the faster the wider. Each weight becomes the mean over the clients that have it (HeteroFL). For FedAvg and FedProx without pruning. Left out: all have the whole model.',
  }),
})

export type Heterogeneity = z.output<typeof heterogeneitySchema>

export const clientStates = ['done', 'partial', 'dropped', 'late', 'failed'] as const

/** What became of a client in a round. */
export const clientRoundSchema = z.strictObject({
  /** 1, 2, 3 ... */
  client: z.int().min(1),
  state: z.enum(clientStates),
  /** Why it was left out. */
  note: z.string().optional(),
  steps: z.int().min(0),
  /** Mean over the samples of its local training; null where it was left out. */
  trainLoss: z.number().nullable(),
  trainTop1: z.number().nullable(),
  /** Of its own model after local training, on validation samples; null where it was not scored. */
  top1: z.number().nullable(),
  /** Bytes of what it sent and of what it got. */
  upBytes: z.int().min(0),
  downBytes: z.int().min(0),
  /** Share of the values of each prunable layer that it sent, in forward order. Absent where nothing was sent. */
  sent: z.array(z.number()).optional(),
})
export type ClientRound = z.output<typeof clientRoundSchema>

export const roundSchema = z.strictObject({
  /** 1, 2, 3 ... */
  round: z.int().min(1),
  /** Share of the validation samples that the server's model gets right after it; null where there are none. */
  top1: z.number().nullable(),
  /** Mean cross-entropy on validation, in nats. */
  loss: z.number().nullable(),
  upBytes: z.int().min(0),
  downBytes: z.int().min(0),
  /** Share of prunable weights of the server's model that are zero. */
  sparsity: z.number(),
  /**
   * Of the prunable weights that at least one client sent, the mean share of clients that sent them: 1 where all sent the
   * same ones. Absent where everything was sent.
   */
  agreement: z.number().optional(),
  clients: z.array(clientRoundSchema),
  /** Training, serialising, aggregating and scoring. */
  seconds: z.number(),
})
export type RoundRecord = z.output<typeof roundSchema>

const targetReachedSchema = z.strictObject({
  top1: z.number(),
  /** The first round that reached it, and all bytes until then; null where none did. */
  round: z.int().min(1).nullable(),
  bytes: z.int().min(0).nullable(),
})
export type TargetReached = z.output<typeof targetReachedSchema>

/** The first round that reached an accuracy, and what had travelled until then. */
export function targetReached(top1: number, rounds: readonly RoundRecord[]): TargetReached {
  const first = rounds.findIndex(round => round.top1 !== null && round.top1 >= top1)
  if (first < 0) return { top1, round: null, bytes: null }
  const bytes = rounds.slice(0, first + 1).reduce((sum, { upBytes, downBytes }) => sum + upBytes + downBytes, 0)
  return { top1, round: first + 1, bytes }
}

/** What a whole federation came to. */
export const federationResult = {
  rounds: z.array(roundSchema).min(1),
  /** Over all rounds. */
  upBytes: z.int().min(0),
  downBytes: z.int().min(0),
  /** Where a target is set. */
  target: targetReachedSchema.optional(),
  /** The round whose model the next stage gets. */
  kept: z.int().min(1),
}

export const federationResultSchema = z.strictObject(federationResult)
export type FederationResult = z.output<typeof federationResultSchema>

/** Who holds what. */
export const holderSchema = z.strictObject({
  client: z.int().min(1),
  samples: z.int().min(0),
  /** Samples of each class, in class order. */
  classes: z.array(z.int().min(0)),
  /** As a share of that of the fastest. */
  speed: z.number(),
  /** The share that it keeps when it prunes. Absent where all keep the same, or all of it. */
  keep: z.number().optional(),
  /** The share of the channels that its model has. Absent where all have the whole model. */
  width: z.number().optional(),
})
export type Holder = z.output<typeof holderSchema>
