/**
 * A Model compiled for training: the entry points of `CompiledModel` and those that change its variables, in one graph.
 * A step is one call: forward, loss, backward, clipping, optimizer and masks (design, section 3).
 */
import type { Samples } from '../../formats/datasets.ts'
import type { CompiledModel, CompileOptions } from './compiled-model.ts'
import type { OptimizerOptions } from './optimizer.ts'

export interface TrainingOptions extends CompileOptions {
  /**
   * bf16: convolutions and matrix products take and give bfloat16, as PyTorch's autocast has it. Weights, optimizer,
   * statistics and losses stay float32, and so does everything outside a training step.
   */
  readonly precision: 'f32' | 'bf16'
  readonly optimizer: OptimizerOptions
  /** Share of the target that is spread over all classes evenly: (1 - s) NLL + s mean_c(-log p_c). */
  readonly labelSmoothing: number
  /** Parameters to train; all but the running statistics where absent. The backward pass is no longer than these need. */
  readonly trained?: ReadonlySet<string>
  /** Parameters that have a mask: a step leaves their masked weights zero. Each costs a float32 a weight. */
  readonly masked?: ReadonlySet<string>
  /** Whose gradients are measured, and perhaps clipped, together. One group of everything that is trained where absent. */
  readonly groups?: readonly GradientGroup[]
}

/** A set of trained parameters with one gradient norm, taken before clipping and over weights that are not masked. */
export interface GradientGroup {
  readonly name: string
  readonly parameters: ReadonlySet<string>
  /** Gradients are scaled by min(1, maxNorm / (norm + 1e-6)), as PyTorch's `clip_grad_norm_` does. */
  readonly maxNorm?: number
}

export interface StepInput {
  /** A batch of any size, at least 2 where the model has batch normalisation of features. */
  readonly samples: Samples
  readonly labels: Int32Array
  readonly learningRate: number
  /** For dropout: an integer in [0, 2^32), another one for each step. */
  readonly seed: number
}

export interface StepResult {
  /** Sum over the batch of the loss that is minimised (label smoothing included), before the update. */
  readonly loss: number
  /** Samples whose largest logit, in training mode, is their label's. */
  readonly correct: number
  /** By the name of the group. */
  readonly gradientNorms: ReadonlyMap<string, number>
}

/** By name, in ONNX layout: `parameter/NAME`, `mask/NAME` (1 or 0), `momentum/NAME` and the like, `optimizer/steps` ([n]). */
export type TrainingState = ReadonlyMap<string, Float32Array>

export interface TrainableModel extends CompiledModel {
  /**
   * One update. Throws `run.not-finite` when the loss is not finite; nothing has changed then. A gradient that is not
   * finite under a finite loss throws too, but the update is done.
   */
  step(input: StepInput): StepResult
  /**
   * Updates running statistics only, to (1 - factor) x running + factor x those of this batch (variance unbiased). PyTorch's
   * update has factor .1; 1 / (k + 1) for batches k = 0, 1, ... gives the average of all of them.
   */
  recalibrate(samples: Samples, count: number, factor: number): void
  /**
   * Gradients of the mean loss of a batch (without weight decay, before clipping) by the trained parameters `names`, in
   * training mode. Changes nothing.
   */
  gradients(input: Omit<StepInput, 'learningRate'>, names: readonly string[]): Map<string, Float32Array>
  /**
   * Sets the masks of all `masked` parameters (absent = everything kept) and zeroes the masked weights and what the
   * optimizer remembers of them.
   */
  assignMasks(masks: ReadonlyMap<string, Uint8Array>): void
  /** All that the next step depends on, apart from its input. */
  readState(): TrainingState
  /** Throws `model.invalid` where the state is of another graph, optimizer or set of trained and masked parameters. */
  assignState(state: TrainingState): void
}
