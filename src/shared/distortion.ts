/** Rate-distortion curves: what pruning a layer does to the network's output, as measured on calibration samples. */
import { z } from 'zod'
import { type AllocationId, type Choice, idsOf } from './methods.ts'

export const distortionCurveSchema = z.strictObject({
  /** The layer's name, such as `layer1.0.conv1`. */
  name: z.string(),
  weights: z.int().min(1),
  /** Shares of the layer's weights, ascending. All lists are of one length. */
  fractions: z.array(z.number().min(0).max(1)),
  /** floor(fraction x weights): the zeros that were measured. */
  zeroed: z.array(z.int().min(0)),
  /** Squared change of the logits, mean over all entries of all samples. */
  mean: z.array(z.number().min(0)),
  /** The largest that one sample has, mean over its logits. */
  worst: z.array(z.number().min(0)),
})
export type DistortionCurve = z.output<typeof distortionCurveSchema>

/** The allocations that are made from curves. */
export const curveAllocations: readonly AllocationId[] = ['rate-distortion', 'lagrangian']

export const curveKinds = {
  mean: { label: 'Mean', help: 'Mean squared change of the logits over all calibration samples.' },
  worst: { label: 'Worst', help: 'Mean squared change of the logits of the calibration sample that changes most.' },
} as const satisfies Record<string, Choice>
export type CurveKind = keyof typeof curveKinds

export const budgetKinds = {
  weights: { label: 'Weights', help: 'Sparsity is the share of weights that are zero.' },
  macs: { label: 'MACs', help: 'Sparsity is the share of multiply-accumulates whose weight is zero.' },
} as const satisfies Record<string, Choice>
export type BudgetKind = keyof typeof budgetKinds

export const calibrationChoices = {
  spread: { label: 'Spread', help: 'Training samples at even distances, in the order of the files.' },
  first: { label: 'First', help: 'The first training samples, in the order of the files.' },
  noise: {
    label: 'Noise',
    help: 'No data: normal noise, mean 0 and deviation 1, of the shape of the normalised input.',
  },
} as const satisfies Record<string, Choice>

const calibrationSchema = z.strictObject({
  images: z.int().min(1).max(1_000_000).default(1024).meta({
    label: 'Samples',
    unit: 'samples',
    help: 'On how many samples distortion is measured; their labels are not used.',
  }),
  choose: z
    .enum(idsOf(calibrationChoices))
    .default('spread')
    .meta({ label: 'Choose', help: 'Which samples these are.', choices: calibrationChoices }),
})
export type Calibration = z.output<typeof calibrationSchema>

/** Dense near 1, where the weights that stay are few and each step halves them. */
export const usualFractions = [
  0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999,
]

const share = z.number().min(0).max(1)

/** Of the allocations that are made from curves; the others leave them alone. */
export const distortionParameters = {
  calibration: calibrationSchema.prefault({}).meta({
    label: 'Calibration',
    help: 'The samples on which the distortion of each layer is measured, for allocations that are made from it.',
  }),
  fractions: z.array(share).min(1).max(250).default(usualFractions).meta({
    label: 'Fractions',
    unit: 'shares',
    help: 'Pruned shares at which each layer is measured; 0, .3, .5, .7, .8, .9, .95 and .99 always are.',
  }),
  curve: z
    .enum(idsOf(curveKinds))
    .default('worst')
    .meta({ label: 'Distortion', help: 'Which distortion the sum over the layers is made of.', choices: curveKinds }),
  monotone: z.boolean().default(true).meta({
    label: 'Running maximum',
    help: 'Reads a curve as the largest value so far, because noise makes it fall here and there.',
  }),
  budget: z
    .enum(idsOf(budgetKinds))
    .default('weights')
    .meta({ label: 'Budget', help: 'What sparsity is a share of.', choices: budgetKinds }),
  floors: z
    .record(
      z.string(),
      z
        .number()
        .min(0)
        .refine(value => value < 1 || Number.isInteger(value), 'must be a whole number of weights, or a share below 1'),
    )
    .optional()
    .meta({
      label: 'Floors',
      help: 'By layer: weights that it keeps at least; a whole number, or below 1 a share of its own.',
    }),
  locks: z.record(z.string(), share).optional().meta({
    label: 'Locks',
    help: 'By layer: the share of its weights that is zero, whatever the solver would choose; 0 leaves it as it is.',
  }),
  additivity: z.int().min(0).max(1000).default(0).meta({
    label: 'Additivity check',
    unit: 'allocations',
    help: 'Measures so many other allocations of the same budget as a whole, and holds them against the sum of their layers; 0 = none.',
  }),
}
export type DistortionParameters = z.output<z.ZodObject<typeof distortionParameters>>

export const distortionResult = {
  /** Of the model as the stage found it. Layers in forward order, the classifier last. */
  curves: z.array(distortionCurveSchema),
  /** Where it was asked for. */
  additivity: z
    .strictObject({
      /** Of each sampled allocation: the sum of its layers' distortions, and that of the whole. */
      points: z.array(z.strictObject({ sum: z.number(), joint: z.number() })),
      /** Least squares through the origin; 1 where distortions add up. */
      slope: z.number(),
      /** Spearman's. */
      rankCorrelation: z.number(),
      warning: z.string().optional(),
    })
    .optional(),
  /** For one sample, of the layers that may be pruned: all, and those with a weight that is not zero. */
  macs: z.strictObject({ total: z.number(), nonzero: z.number() }).optional(),
}
