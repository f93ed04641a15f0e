/** What makes new weights from old ones and their gradients. The meaning and the order of every step is PyTorch's. */
import type { GraphWriter, Output, Variable } from '../tensorflow/graph-writer.ts'

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

/** One parameter in a step. */
export interface Update {
  readonly variable: Variable
  /** Clipped and masked. */
  readonly gradient: Output
  /** What is remembered of it, by the names in `slots`. */
  readonly slots: Readonly<Record<string, Variable>>
  /** What is fed in every step, by the names in `scalars`. */
  readonly scalars: Readonly<Record<string, Output>>
}

export interface Optimizer {
  /** What it remembers of each parameter: variables of the parameter's shape that start as 0. */
  readonly slots: readonly string[]
  /** Its numbers in a step; steps count from 1. The same names in every step. */
  readonly scalars: (learningRate: number, step: number) => Readonly<Record<string, number>>
  /** Writes the update; what is returned has to run. A gradient, a weight and slots of 0 stay 0. */
  readonly write: (graph: GraphWriter, update: Update) => Output
}

/** g + weightDecay w. */
export function withWeightDecay(graph: GraphWriter, { gradient, variable }: Update, weightDecay: number): Output {
  if (weightDecay === 0) return gradient
  return graph.binary('AddV2', gradient, scaledWeight(graph, variable, graph.scalar(weightDecay), gradient))
}

/**
 * factor w, once `gradient` is there: an executor that finds it ready at the start of a step would keep a copy of all weights
 * until its end.
 */
export function scaledWeight(graph: GraphWriter, { value }: Variable, factor: Output, gradient: Output): Output {
  return graph.node('Mul', [value, factor], 'float32', { attributes: { T: { type: 'float32' } }, after: [gradient] })
}
