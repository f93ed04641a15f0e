/** What distillation minimises beside cross-entropy. The members live in `losses/`, the table in `distillation-losses.ts`. */
import type { TapPair } from '../../core/distillation/taps.ts'
import type { Parameter } from '../../core/graph/model.ts'
import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'
import type { Loss } from './loss.ts'

/** Hinton, Vinyals and Dean 2015 ("Distilling the knowledge in a neural network"), section 2. */
export interface LogitOptions {
  readonly kind: 'logit'
  readonly temperature: number
}

/** FitNets (Romero et al. 2015) with a cosine of pooled features beside the squared difference (five-systems, section 1a). */
export interface FeatureOptions {
  readonly kind: 'feature'
  /** Weight of the cosine beside the squared difference. */
  readonly beta: number
  readonly taps: readonly TapPair[]
  /** Divides both maps by the standard deviation of the teacher's. */
  readonly scaling: boolean
}

export type DistillationLossOptions = LogitOptions | FeatureOptions

/** Values float32; the batch is not known before the graph runs. */
export interface DistillationInputs {
  /** By name: of the student in training mode, its logits float32 too. */
  readonly student: ReadonlyMap<string, Output>
  readonly teacher: ReadonlyMap<string, Output>
  /** Names of the logits. */
  readonly logits: { readonly student: string; readonly teacher: string }
  /** Number of samples: float32 scalar. */
  readonly count: Output
  /** What the loss is multiplied by: alpha. */
  readonly weight: number
  /** Values of its own parameters, by name. */
  readonly parameters: ReadonlyMap<string, Output>
}

/** A loss that may have parameters of its own, whose gradients stand under their names. */
export interface DistillationLoss extends Loss {
  readonly parameterGradients: ReadonlyMap<string, Output>
}

export interface DistillationLossWriter<Options extends DistillationLossOptions> {
  /** Parameters that are trained with the student and are no part of it. */
  readonly parameters: (options: Options) => Readonly<Record<string, Parameter>>
  /** Names of the teacher's values that it reads, beside the logits. */
  readonly reads: (options: Options) => readonly string[]
  readonly write: (graph: GraphWriter, options: Options, inputs: DistillationInputs) => DistillationLoss
}
