/** What steps of SGD come to, where the gradient is the same in all of them. */

export interface SgdSteps {
  readonly momentum: number
  readonly nesterov: boolean
}

/**
 * How far steps at these learning rates move a weight whose gradient is 1 in each of them; the velocity begins at 0. With
 * one rate it is rate x |a_i| of FedNova: (t - m (1 - m^t) / (1 - m)) / (1 - m) for t steps with momentum m. Weight decay
 * counts as part of the gradient.
 */
export function reachOf(rates: readonly number[], { momentum, nesterov }: SgdSteps): number {
  let velocity = 0
  let reach = 0
  for (const rate of rates) {
    velocity = momentum * velocity + 1
    reach += rate * (nesterov ? 1 + momentum * velocity : velocity)
  }
  return reach
}
