/**
 * Allocations for a target, solved from the curves that a run has measured; no run is started. So a target can be moved and
 * layers be locked while one looks at what it does.
 */
import { z } from 'zod'
import { budgetKinds, curveKinds, distortionParameters } from './distortion.ts'
import { errorDataSchema } from './errors.ts'
import { allocations, idsOf } from './methods.ts'

const count = z.int().min(0)

/** What is left out is as the stage has it, but for the target: a sparsity, or the size of a file. */
const questionSchema = z.strictObject({
  run: z.string(),
  /** Number of a finished stage of the run that has curves. */
  stage: count,
  /** Which allocations are wanted. */
  allocations: z
    .array(z.enum(idsOf(allocations)))
    .min(1)
    .max(20),
  /** As in a recipe: a share of all weights, or of the MACs where they are the budget. */
  sparsity: z.number().min(0).lt(1).optional(),
  /** Of the model file, as in a recipe: the budget is one of weights. */
  bytes: z.int().min(1).optional(),
  budget: z.enum(idsOf(budgetKinds)).optional(),
  curve: z.enum(idsOf(curveKinds)).optional(),
  monotone: z.boolean().optional(),
  minimumKeep: z.number().min(0).optional(),
  /** These two hold for allocations that are made from curves; the others know no such thing. */
  floors: distortionParameters.floors,
  locks: distortionParameters.locks,
})
export const allocationQuestionSchema = questionSchema
  .refine(({ sparsity, bytes }) => (sparsity === undefined) !== (bytes === undefined), {
    message: 'is required, or bytes, and not both',
    path: ['sparsity'],
  })
  .refine(({ bytes, budget = 'weights' }) => bytes === undefined || budget === 'weights', {
    message: 'must be weights for the size of a file',
    path: ['budget'],
  })
export type AllocationQuestion = z.output<typeof allocationQuestionSchema>

export const solvedAllocationSchema = z.strictObject({
  /** Of all weights that are zero, achieved. */
  zeros: count,
  sparsity: z.number(),
  /** Of one sample. */
  macs: z.strictObject({ total: z.number(), nonzero: z.number() }),
  /** How much of the budget's kind is gone; asked for is `asked.gone`. */
  gone: z.number(),
  /** Sum over the layers: what the solver minimises. */
  distortion: z.number(),
  /** In the order of `layers` of the answer. `distortion` lies on the layer's curve, on a straight line between its points. */
  layers: z.array(z.strictObject({ zeros: count, distortion: z.number() })),
})
export type SolvedAllocation = z.output<typeof solvedAllocationSchema>

export const allocationAnswerSchema = z.strictObject({
  /** The prunable layers in forward order, as the stage found them. */
  layers: z.array(
    z.strictObject({
      name: z.string(),
      weights: z.int().min(1),
      /** Zero already when the stage began. */
      zeros: count,
      /** Of the dense layer, for one sample. */
      macs: z.number(),
    }),
  ),
  /** In weights or MACs. */
  asked: z.strictObject({ budget: z.enum(idsOf(budgetKinds)), gone: z.number(), total: z.number() }),
  /**
   * Bytes of the model file without a single zero and with nothing but zeros, where every kernel has its bits; in between it
   * falls evenly, whichever layers the zeros are in.
   */
  file: z.strictObject({ most: count, least: count }),
  /** One for each that was wanted: its plan, or why there is none. */
  plans: z.array(
    z.strictObject({
      allocation: z.enum(idsOf(allocations)),
      plan: solvedAllocationSchema.nullable(),
      error: errorDataSchema.nullable(),
    }),
  ),
})
export type AllocationAnswer = z.output<typeof allocationAnswerSchema>
