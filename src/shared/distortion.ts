/** Rate-distortion curves: what pruning a layer does to the network's output, as measured on calibration samples. */
import { z } from 'zod'

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
export const curveAllocations = ['rate-distortion', 'lagrangian'] as const
export type CurveAllocationId = (typeof curveAllocations)[number]

export const curveKinds = {
  mean: { label: 'Mean', help: 'Mean squared change of the logits over all calibration samples.' },
  worst: { label: 'Worst', help: 'Mean squared change of the logits of the calibration sample that changes most.' },
} as const
export type CurveKind = keyof typeof curveKinds

export const budgetKinds = {
  weights: { label: 'Weights', help: 'Sparsity is the share of weights that are zero.' },
  macs: { label: 'MACs', help: 'Sparsity is the share of multiply-accumulates whose weight is zero.' },
} as const
export type BudgetKind = keyof typeof budgetKinds

export const calibrationChoices = {
  spread: { label: 'Spread', help: 'Training samples at even distances, in the order of the files.' },
  first: { label: 'First', help: 'The first training samples, in the order of the files.' },
  noise: {
    label: 'Noise',
    help: 'No data: normal noise, mean 0 and deviation 1, of the shape of the normalised input.',
  },
} as const
export type CalibrationChoice = keyof typeof calibrationChoices

/** The samples on which distortion is measured. Their labels are not used. */
export interface Calibration {
  readonly images: number
  readonly choose: CalibrationChoice
}
