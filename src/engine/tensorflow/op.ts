/**
 * What one ONNX op becomes in TensorFlow. The members live in `ops/`, the table in `ops.ts`.
 *
 * Values are batch first: images NHWC, everything else [batch, features]. They are float32, in training perhaps
 * bfloat16. Parameters arrive as the session's variables hold them, float32 (`compile/layout.ts`): convolution kernels
 * HWIO, all others as in ONNX.
 */
import type { Dims } from '../../core/graph/dims.ts'
import type { GraphNode } from '../../core/graph/model.ts'
import type { GraphWriter, Output } from './graph-writer.ts'

export interface OpContext {
  readonly graph: GraphWriter
  readonly node: GraphNode
  /** ONNX dims of the inputs: of values without batch ([C, H, W] or [features]), of parameters all. */
  readonly inputDims: readonly Dims[]
  readonly outputDims: Dims
}

export interface TrainingContext extends OpContext {
  /** Seed of the node in this step: int32 [2]. */
  readonly seed: () => Output
}

/** An op in training mode, and the way back through it. */
export interface Differentiable {
  readonly output: Output
  /**
   * Writes the gradients of a loss by the inputs, from the one by the output. Each has the type of its input; those
   * that are not `needed` may be left out.
   */
  readonly gradient: (dy: Output, needed: readonly boolean[]) => readonly (Output | undefined)[]
  readonly statistics?: readonly BatchStatistic[]
}

/** What a running statistic is on this batch. */
export interface BatchStatistic {
  /** Which of the inputs the running statistic is. */
  readonly input: number
  readonly value: Output
  /** Share of the batch in the new running statistic, in a training step. */
  readonly rate: number
}

export interface TensorflowOp {
  /** Writes the op for inputs in ONNX order, values before parameters. */
  forward(context: OpContext, inputs: readonly Output[]): Output
  /** The same in training mode. Kernels work in the type of the value that they are applied to. */
  train(context: TrainingContext, inputs: readonly Output[]): Differentiable
}

/** Where an axis of an ONNX value (0 = batch) stands in TensorFlow's layout. */
export function tensorflowAxis(axis: number, rank: number): number {
  if (rank !== 4 || axis === 0) return axis
  return axis === 1 ? 3 : axis - 1
}
