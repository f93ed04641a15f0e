import { z } from 'zod'
import { byKind } from '../by-kind.ts'
import { curveAllocations, distortionParameters, distortionResult } from '../distortion.ts'
import { allocations, idsOf, scores } from '../methods.ts'
import { defineStage, layerSparsitySchema, sparsityCounts } from '../stage.ts'
import { trainingResult, trainingSchema } from '../training.ts'

const oneShot = z
  .strictObject({ kind: z.literal('one-shot') })
  .meta({ label: 'One shot', help: 'All at once; with training, that follows.' })
const gradual = z
  .strictObject({
    kind: z.literal('gradual'),
    startEpoch: z.int().min(0).max(10_000).default(0).meta({
      label: 'Start',
      unit: 'epochs',
      help: 'Epochs of training before sparsity begins to grow.',
    }),
    endEpoch: z.int().min(1).max(10_000).meta({
      label: 'End',
      unit: 'epochs',
      help: 'Epochs of training after which the sparsity is reached; the rest are trained with it.',
    }),
    per: z
      .enum(['epoch', 'step'])
      .default('epoch')
      .meta({
        label: 'Prunes',
        help: 'When the threshold is found anew and more weights go.',
        choices: {
          epoch: { label: 'Each epoch', help: 'before its first step' },
          step: { label: 'Each step', help: 'smoothly; ranking all weights takes its time' },
        },
      }),
  })
  .meta({ label: 'Gradual', help: 'While training, by the cubic schedule: fast at first, slow when little is left.' })
const iterative = z
  .strictObject({
    kind: z.literal('iterative'),
    rounds: z.int().min(1).max(1000).optional().meta({
      label: 'Rounds',
      unit: 'rounds',
      help: 'Each takes the same share of what is left. Left out: as many as the share needs.',
    }),
    share: z.number().gt(0).lt(1).optional().meta({
      label: 'Share',
      unit: 'share',
      help: 'Share of what is left that each round takes. Left out, and no rounds: 0.2.',
    }),
  })
  .meta({ label: 'Iterative', help: 'In rounds, each followed by a whole training.' })

const fileSize = z
  .strictObject({
    kind: z.literal('file-size'),
    bytes: z.int().min(1).max(1e9).meta({
      label: 'Size',
      unit: 'bytes',
      help: 'Of the model file, in which a pruned kernel is a bit for each weight and four bytes for each that is kept.',
    }),
  })
  .meta({ label: 'File size', help: 'As many zeros as bring the model file to this size.' })
const accuracy = z
  .strictObject({
    kind: z.literal('accuracy'),
    lose: z.number().min(0).lt(1).meta({
      label: 'Lose at most',
      unit: 'share',
      help: 'Share of the validation samples: 0.005 is half a point below what the stage finds, before any training. A network that was trained on these samples loses more on others.',
    }),
  })
  .meta({
    label: 'Accuracy',
    help: 'The highest sparsity that loses no more on validation, by bisection; each sparsity that was tried is kept as a run.',
  })

/** What the allocation is to reach, then how curves are measured and read. */
const distortionKeys = [
  ...new Set([
    ...(['budget', 'curve', 'floors', 'locks', 'calibration'] as const),
    ...(Object.keys(distortionParameters) as (keyof typeof distortionParameters)[]),
  ]),
]

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
    sparsity: z.number().min(0).lt(1).optional().meta({
      label: 'Sparsity',
      unit: 'share',
      help: 'Share of all prunable weights that are zero afterwards. It is absolute: a second prune to 0.9 means 0.9. Left out where there is another target.',
    }),
    target: byKind([fileSize, accuracy]).optional().meta({
      label: 'Other target',
      help: 'What sparsity follows from, where it is not given itself.',
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
    ...distortionParameters,
    gradientBatches: z.int().min(1).max(10_000).default(8).meta({
      label: 'Gradient batches',
      unit: 'batches',
      help: 'Training batches over which a score that needs gradients averages them.',
    }),
    schedule: byKind([oneShot, gradual, iterative])
      .prefault('one-shot')
      .meta({ label: 'Schedule', help: 'How sparsity grows over time.' }),
    train: trainingSchema.optional().meta({
      label: 'Training',
      help: 'Between and after the steps of the schedule: for all epochs of a gradual one, and after each round of the others.',
    }),
  },
  sections: [
    {
      label: 'Rate-distortion',
      help: 'Each layer is pruned alone to some shares, and the change of the output is measured on calibration samples; the allocation is chosen from these curves.',
      keys: distortionKeys,
      when: { key: 'allocation', is: curveAllocations },
    },
    { keys: ['gradientBatches'], when: { key: 'score', is: ['taylor'] } },
    { label: 'Over time', help: 'At once, or little by little with training in between.', keys: ['schedule', 'train'] },
  ],
  check({ value: { sparsity, target, schedule, train, allocation, budget, floors, locks }, issues }) {
    const fault = (path: (string | number)[], message: string) =>
      issues.push({ code: 'custom', message, input: undefined, path })
    if (sparsity === undefined && !target) fault(['sparsity'], 'is required where there is no target')
    if (sparsity !== undefined && target) fault(['target'], 'cannot stand beside sparsity: one follows from the other')
    if (target?.kind === 'file-size') {
      if (budget !== 'weights') fault(['budget'], 'must be weights for a target of file-size')
      if (allocation === 'global-mt')
        fault(['allocation'], 'must be one that takes exact counts, for a target of file-size')
    }
    if (target?.kind === 'accuracy' && schedule.kind !== 'one-shot')
      fault(['target'], `of accuracy is found before any training; the schedule must be one-shot, not ${schedule.kind}`)
    if (!curveAllocations.includes(allocation)) {
      if (budget !== 'weights') fault(['budget'], `must be weights for the allocation ${allocation}`)
      for (const [key, value] of Object.entries({ floors, locks }))
        if (value !== undefined) fault([key], `is for the allocations ${curveAllocations.join(' and ')}`)
    }
    if (schedule.kind === 'iterative' && schedule.rounds !== undefined && schedule.share !== undefined)
      fault(['schedule', 'share'], 'cannot stand beside rounds: one follows from the other')
    if (schedule.kind !== 'one-shot' && !train) fault(['train'], `is required by the schedule ${schedule.kind}`)
    if (schedule.kind !== 'gradual') return
    if (schedule.per === 'step' && curveAllocations.includes(allocation))
      fault(['schedule', 'per'], `must be epoch for the allocation ${allocation}, which measures each time`)
    if (schedule.startEpoch >= schedule.endEpoch)
      fault(['schedule', 'startEpoch'], `must be below endEpoch, which is ${schedule.endEpoch}`)
    if (train && schedule.endEpoch > train.epochs)
      fault(['schedule', 'endEpoch'], `must be at most train.epochs, which is ${train.epochs}`)
  },
  result: {
    ...sparsityCounts,
    /** zeros / weights, achieved. */
    sparsity: z.number(),
    layers: z.array(layerSparsitySchema),
    /** Of the model file (`formats/model-file.ts`), and what it would be without a mask. */
    bytes: z.strictObject({ file: z.int().min(0), dense: z.int().min(0) }).optional(),
    /** Where the target is an accuracy: what the model had on validation, and every sparsity that was tried, in order. */
    probes: z
      .strictObject({
        total: z.int().min(1),
        before: z.int().min(0),
        tried: z.array(
          z.strictObject({
            sparsity: z.number(),
            zeros: z.int().min(0),
            /** null where the allocation cannot reach it. */
            correct: z.int().min(0).nullable(),
            accepted: z.boolean(),
          }),
        ),
      })
      .optional(),
    /** Where the allocation is made from curves. */
    ...z.object(distortionResult).partial().shape,
    /** Where the stage trains: the same keys as those of `train`. */
    ...z.object(trainingResult).partial().shape,
  },
})
