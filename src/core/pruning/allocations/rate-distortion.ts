import { allocateBy } from '../rate-choices.ts'
import { createRateSolver } from '../rate-solver.ts'

/**
 * Layer-adaptive pruning (arXiv 2308.10438): the smallest sum of distortions that the budget allows, by dynamic programming
 * over the measured points of all layers (`rate-solver.ts`); what they leave of the budget is given back weight by weight.
 */
export const rateDistortion = allocateBy(createRateSolver)
