/** What makes new weights from old ones and their gradients. The meaning and the order of every step is PyTorch's. */

/**
 * g += weightDecay w; v = momentum v + g (v starts as 0); w -= lr v, or with `nesterov` w -= lr (g + momentum v).
 * Weight decay acts on every trained parameter, after clipping.
 */
export interface SgdOptions {
  readonly kind: 'sgd'
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
}

/**
 * Kingma and Ba 2015, algorithm 1, with bias correction. Weight decay of `adam` is added to the gradient; that of `adamw`
 * shrinks the weight by the share lr x weightDecay and leaves the gradient alone (Loshchilov and Hutter 2019, algorithm 2).
 */
export interface AdamOptions {
  readonly kind: 'adam' | 'adamw'
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
}

export type OptimizerOptions = SgdOptions | AdamOptions
