import { z } from 'zod'
import { type FederatedPruning, federatedPruningSchema } from '../federated-pruning.ts'
import {
  type BatchNormId,
  batchNormChoices,
  federationResult,
  federationResultSchema,
  type Heterogeneity,
  heterogeneitySchema,
  holderSchema,
  partitionSchema,
  type StrategySettings,
  strategySchema,
} from '../federation.ts'
import { idsOf } from '../methods.ts'
import { defineStage, layerSparsitySchema, sparsityCounts } from '../stage.ts'
import { checkTraining, trainingParameters } from '../training.ts'

const { batch, optimizer, schedule, labelSmoothing, clipNorm, precision } = trainingParameters

export const federate = defineStage({
  use: 'federate',
  label: 'Federate',
  help: 'Trains over clients that keep their samples: each trains on its own, the server averages, round after round. All on this machine, with every byte that would have travelled counted.',
  changesModel: true,
  parameters: {
    clients: z.int().min(1).max(10_000).meta({
      label: 'Clients',
      unit: 'clients',
      help: 'Holders of the training samples that are not held out for validation.',
    }),
    rounds: z.int().min(1).max(10_000).meta({
      label: 'Rounds',
      unit: 'rounds',
      help: 'Exchanges of models between clients and server.',
    }),
    localEpochs: z.int().min(1).max(1000).default(1).meta({
      label: 'Local epochs',
      unit: 'epochs',
      help: 'Passes of each client over its own samples in a round.',
    }),
    partition: partitionSchema.prefault('dirichlet').meta({
      label: 'Partition',
      help: 'Which client holds which samples. Drawn by the seed of the run.',
    }),
    strategy: strategySchema.prefault('fedavg').meta({
      label: 'Strategy',
      help: 'What clients minimise, and what the server makes of their models.',
    }),
    pruning: federatedPruningSchema.prefault('none').meta({
      label: 'Pruning',
      help: 'What clients leave out of training and of what they send.',
    }),
    participation: z.number().gt(0).max(1).default(1).meta({
      label: 'Participation',
      unit: 'share',
      help: 'Share of the clients that the server chooses for a round, at least one.',
    }),
    batchNorm: z.enum(idsOf(batchNormChoices)).default('recalibrated').meta({
      label: 'Batch normalisation',
      help: 'Where its running statistics come from. The mean of the statistics of uneven clients is not what the mean of their weights sees; measured anew they fit from the first round.',
      choices: batchNormChoices,
    }),
    recalibrationBatches: z.int().min(1).max(10_000).default(4).meta({
      label: 'Recalibration batches',
      unit: 'batches',
      help: 'Training batches that the server measures statistics on, where they are recalibrated.',
    }),
    heterogeneity: heterogeneitySchema.prefault({}).meta({
      label: 'Heterogeneity',
      help: 'How clients differ in speed, reliability, how much they prune and the width of their models.',
    }),
    batch,
    optimizer: optimizer.meta({
      label: 'Optimizer',
      help: 'What makes new weights from gradients. Each client begins it anew in each round.',
    }),
    schedule: schedule.meta({
      label: 'Schedule',
      help: 'How the learning rate changes over the local epochs of all rounds.',
    }),
    labelSmoothing,
    clipNorm,
    precision,
    clientSamples: z.int().min(0).max(1_000_000).default(500).meta({
      label: 'Samples per client score',
      unit: 'samples',
      help: "Validation samples on which each client's own model is scored after its local training. 0 scores none.",
    }),
    target: z.number().gt(0).max(1).optional().meta({
      label: 'Target',
      unit: 'share',
      help: 'An accuracy on validation: the first round that reaches it, and the bytes until then, are said.',
    }),
    twin: z.boolean().default(false).meta({
      label: 'Unpruned twin',
      help: 'Works the same federation without pruning first, from the same weights and draws, so that rounds and bytes can be held against it. Takes as long again.',
    }),
    keep: z
      .enum(['best', 'last'])
      .default('best')
      .meta({
        label: 'Keep',
        help: 'Which model the next stage gets.',
        choices: {
          best: {
            label: 'Best',
            help: 'of the round with the most right on validation; the last where data.validation is 0',
          },
          last: { label: 'Last', help: 'of the last round' },
        },
      }),
  },
  sections: [{ keys: ['recalibrationBatches'], when: { key: 'batchNorm', is: ['recalibrated'] } }],
  check({ value, issues }) {
    const fault = (path: (string | number)[], message: string) =>
      issues.push({ code: 'custom', message, input: undefined, path })
    const { strategy, optimizer, heterogeneity, batchNorm, participation, rounds, localEpochs } = value
    checkTraining({ value: { epochs: rounds * localEpochs, schedule: value.schedule }, issues })
    if ((strategy.kind === 'fednova' || strategy.kind === 'scaffold') && optimizer.kind !== 'sgd')
      fault(['optimizer', 'kind'], `must be sgd for the strategy ${strategy.kind}`)
    if (heterogeneity.slowest < 1 && heterogeneity.deadline === undefined)
      fault(['heterogeneity', 'deadline'], 'is required where slowest is below 1: without it nobody is late')
    checkLeastKeep(value, fault)
    checkNarrowest(value, fault)
    if (value.twin && value.pruning.mode === 'none') fault(['twin'], 'needs a pruning: without one it is the same')
    if (strategy.kind === 'centralised') {
      if (participation < 1) fault(['participation'], 'must be 1 for the strategy centralised')
      if (heterogeneity.deadline !== undefined || heterogeneity.dropOut > 0 || heterogeneity.leastKeep !== undefined)
        fault(['heterogeneity'], 'must be left out for the strategy centralised')
    }
    if (strategy.kind === 'local' && value.clientSamples === 0)
      fault(['clientSamples'], 'must be above 0 for the strategy local, whose clients have no other score')
    if (batchNorm === 'local' && value.clientSamples === 0)
      fault(['clientSamples'], 'must be above 0 where statistics are kept local: clients score a round with their own')
  },
  result: {
    ...federationResult,
    /** The same without pruning, where the stage asks for it. */
    twin: federationResultSchema.optional(),
    /** The partition, and what clients are like. */
    clients: z.array(holderSchema),
    trainableParams: z.int().min(1),
    ...sparsityCounts,
    layers: z.array(layerSparsitySchema),
    /** Multiply-accumulates of one sample in the model that the stage was given ... */
    macs: z.int().min(0).optional(),
    /** ... and in the one that it leaves, without those of closed gates or of zero weights. */
    keptMacs: z.int().min(0).optional(),
  },
})

type Fault = (path: string[], message: string) => void

/** Gates and what steps choose are part of the compiled graph, static filters of the one model: they are the same for all. */
function checkLeastKeep(
  { heterogeneity, pruning }: { readonly heterogeneity: Heterogeneity; readonly pruning: FederatedPruning },
  fault: Fault,
): void {
  const { leastKeep } = heterogeneity
  if (leastKeep === undefined) return
  const path = ['heterogeneity', 'leastKeep']
  const { mode } = pruning
  if (mode === 'salience' || mode === 'random' || mode === 'soft-filters') {
    if (mode === 'salience' && pruning.chosen === 'steps') fault(path, 'must be left out where chosen is steps')
    else if (leastKeep > pruning.keep) fault(path, `must be at most what the pruning keeps, ${pruning.keep}`)
  } else fault(path, `must be left out for the pruning ${mode}, which is the same for all clients`)
}

/** A part is one of weights alone: it cannot be said which part control variates, chosen sets or statistics of one client are of. */
function checkNarrowest(
  {
    heterogeneity,
    pruning,
    strategy,
    batchNorm,
  }: {
    readonly heterogeneity: Heterogeneity
    readonly pruning: FederatedPruning
    readonly strategy: StrategySettings
    readonly batchNorm: BatchNormId
  },
  fault: Fault,
): void {
  if (heterogeneity.narrowest === undefined) return
  const path = ['heterogeneity', 'narrowest']
  if (strategy.kind !== 'fedavg' && strategy.kind !== 'fedprox')
    fault(path, `must be left out for the strategy ${strategy.kind}: parts can be averaged by fedavg and fedprox`)
  if (pruning.mode !== 'none') fault(path, `must be left out for the pruning ${pruning.mode}`)
  if (batchNorm === 'local') fault(path, 'must be left out where statistics are kept local')
}
