import { createLagrangian } from '../lagrangian.ts'
import { allocateBy } from '../rate-choices.ts'

/**
 * The smallest sum of distortions + lambda x cost, lambda as small as the budget allows (`lagrangian.ts`); what is left of the
 * budget is given back weight by weight.
 */
export const lagrangian = allocateBy(createLagrangian)
