/** How weights are trained: the parameters of every stage that trains, and what it says of an epoch. */
import { z } from 'zod'
import { byKind } from './by-kind.ts'
import { featureCountsSchema } from './features.ts'

const lr = (usual: number) =>
  z
    .number()
    .gt(0)
    .max(100)
    .default(usual)
    .meta({ label: 'Learning rate', help: 'At its highest; the schedule lowers it.' })
const weightDecay = z.number().min(0).max(1).default(0).meta({
  label: 'Weight decay',
  help: 'Pulls every trained parameter towards zero, gammas, betas and biases included.',
})
const adamParameters = {
  lr: lr(0.001),
  beta1: z.number().min(0).lt(1).default(0.9).meta({ label: 'Beta 1', help: 'Memory of the mean of the gradient.' }),
  beta2: z.number().min(0).lt(1).default(0.999).meta({ label: 'Beta 2', help: 'Memory of its square.' }),
  epsilon: z
    .number()
    .gt(0)
    .max(1)
    .default(1e-8)
    .meta({ label: 'Epsilon', help: 'Added to the root of the square, against division by nothing.' }),
  weightDecay,
}

const sgd = z
  .strictObject({
    kind: z.literal('sgd'),
    lr: lr(0.1),
    momentum: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9)
      .meta({ label: 'Momentum', help: 'Share of the last update that is kept.' }),
    nesterov: z
      .boolean()
      .default(false)
      .meta({ label: 'Nesterov', help: 'Takes the gradient a step of momentum ahead.' }),
    weightDecay,
  })
  .check(({ value, issues }) => {
    if (value.nesterov && value.momentum === 0)
      issues.push({ code: 'custom', message: 'needs a momentum above 0', input: value.nesterov, path: ['nesterov'] })
  })
  .meta({ label: 'SGD', help: 'Stochastic gradient descent with momentum.' })
const adam = z
  .strictObject({ kind: z.literal('adam'), ...adamParameters })
  .meta({ label: 'Adam', help: 'A step size for each weight; weight decay is part of the gradient.' })
const adamw = z
  .strictObject({ kind: z.literal('adamw'), ...adamParameters })
  .meta({ label: 'AdamW', help: 'Adam whose weight decay leaves the gradient alone.' })

const anySchedule = {
  per: z
    .enum(['epoch', 'step'])
    .default('epoch')
    .meta({
      label: 'Changes',
      help: 'When the learning rate changes.',
      choices: {
        epoch: { label: 'Each epoch', help: 'as most papers have it' },
        step: { label: 'Each step', help: 'smoothly' },
      },
    }),
  warmUpEpochs: z.number().min(0).max(1000).default(0).meta({
    label: 'Warm-up',
    unit: 'epochs',
    help: 'The rate rises in equal steps over these epochs before the schedule begins.',
  }),
}
const minimum = z
  .number()
  .min(0)
  .default(0)
  .meta({ label: 'Lowest rate', help: 'Where the schedule would be one step after the last.' })

const constant = z
  .strictObject({ kind: z.literal('constant'), ...anySchedule })
  .meta({ label: 'Constant', help: 'The same learning rate throughout.' })
const cosine = z
  .strictObject({ kind: z.literal('cosine'), minimum, ...anySchedule })
  .meta({ label: 'Cosine', help: 'Half a cosine from the learning rate down.' })
const step = z
  .strictObject({
    kind: z.literal('step'),
    milestones: z.array(z.int().min(1)).min(1).max(100).optional().meta({
      label: 'Milestones',
      unit: 'epochs',
      help: 'Epochs after which the rate is multiplied. Left out: after half and three quarters of all.',
    }),
    factor: z.number().gt(0).lt(1).default(0.1).meta({ label: 'Factor', help: 'What the rate is multiplied by.' }),
    ...anySchedule,
  })
  .meta({ label: 'Steps', help: 'Multiplied by a factor at each milestone.' })
const linear = z
  .strictObject({ kind: z.literal('linear'), minimum, ...anySchedule })
  .meta({ label: 'Linear', help: 'A straight line from the learning rate down.' })

export const batch = z.int().min(1).max(4096).default(128).meta({
  label: 'Batch',
  unit: 'samples',
  help: 'Samples per step. A last batch of a single sample is left out.',
})

export const trainingParameters = {
  epochs: z.int().min(1).max(10_000).meta({
    label: 'Epochs',
    unit: 'epochs',
    help: 'Passes over the training samples that are not held out for validation.',
  }),
  batch,
  optimizer: byKind([sgd, adam, adamw], 'sgd')
    .prefault('sgd')
    .meta({ label: 'Optimizer', help: 'What makes new weights from gradients.' }),
  schedule: byKind([constant, cosine, step, linear], 'constant')
    .prefault('constant')
    .meta({ label: 'Schedule', help: 'How the learning rate changes over the epochs.' }),
  labelSmoothing: z.number().min(0).lt(1).default(0).meta({
    label: 'Label smoothing',
    unit: 'share',
    help: 'Share of the target that is spread over all classes evenly.',
  }),
  clipNorm: z.number().gt(0).optional().meta({
    label: 'Clip gradients',
    help: 'Scales the gradient down where its norm over all trained parameters is larger. Left out: never.',
  }),
  precision: z
    .enum(['f32', 'bf16'])
    .default('f32')
    .meta({
      label: 'Precision',
      help: 'Of convolutions and matrix products while training. Weights, statistics and losses are always f32.',
      choices: {
        f32: { label: 'f32', help: '32-bit floats' },
        bf16: { label: 'bf16', help: '16-bit floats with the range of f32: faster where the processor has them' },
      },
    }),
  keep: z
    .enum(['best', 'last'])
    .default('best')
    .meta({
      label: 'Keep',
      help: 'Which weights the next stage gets.',
      choices: {
        best: {
          label: 'Best',
          help: 'of the epoch with the most right on validation; the last where data.validation is 0',
        },
        last: { label: 'Last', help: 'of the last epoch' },
      },
    }),
  earlyStop: z.int().min(1).max(10_000).optional().meta({
    label: 'Stop early',
    unit: 'epochs',
    help: 'Ends after so many epochs without a better one on validation. Left out: trains all epochs.',
  }),
}

interface Check {
  readonly value: {
    readonly epochs: number
    readonly schedule: { readonly kind: string; readonly warmUpEpochs: number }
  }
  readonly issues: z.core.$ZodRawIssue[]
}

/** What the parameters must be to each other. */
export function checkTraining({ value, issues }: Check): void {
  const { epochs, schedule } = value
  // Epochs that are wrong themselves are said so, and that is enough.
  if (epochs >= 1 && schedule.warmUpEpochs > epochs)
    issues.push({
      code: 'custom',
      message: `must be at most epochs, which is ${epochs}`,
      input: schedule.warmUpEpochs,
      path: ['schedule', 'warmUpEpochs'],
    })
}

export const trainingSchema = z.strictObject(trainingParameters).check(checkTraining)
/** The parameters with every default filled in. */
export type Training = z.output<typeof trainingSchema>

export const epochSchema = z.strictObject({
  /** 1, 2, 3 ... */
  epoch: z.int().min(1),
  /** Mean of the loss that was minimised, over the samples of the epoch. */
  loss: z.number(),
  /** Share of its samples that were right when they were trained on. */
  trainTop1: z.number(),
  /** Share of the validation samples that are right after it; null where there are none. */
  valTop1: z.number().nullable(),
  /** Mean cross-entropy on validation, in nats. */
  valLoss: z.number().nullable(),
  /** Of its first step. */
  learningRate: z.number(),
  /** Share of all prunable weights that are zero after it. */
  sparsity: z.number(),
  /** Training and validation, without time in which the run stood still. */
  seconds: z.number(),
})
export type EpochRecord = z.output<typeof epochSchema>

/** What training gives, beside the counts of zeros and weights. */
export const trainingResult = {
  /** Numbers that were trained: without running statistics. */
  trainableParams: z.int().min(0),
  epochs: z.array(epochSchema).min(1),
  /** The epoch whose weights the next stage gets. */
  kept: z.int().min(1),
  /** Of batch norm as it is kept, where the network has it. */
  disabledFeatures: featureCountsSchema.optional(),
  /** Whether it ended before its last epoch because validation grew no better. */
  stoppedEarly: z.boolean(),
}
