/**
 * What one ONNX op becomes in TensorFlow. The members live in `ops/`, the table in `ops.ts`.
 *
 * Values are float32 and batch first: images NHWC, everything else [batch, features]. Parameters arrive as the
 * session's variables hold them (`compile/layout.ts`): convolution kernels HWIO, all others as in ONNX.
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

export interface TensorflowOp {
  /** Writes the op for inputs in ONNX order, values before parameters. */
  forward(context: OpContext, inputs: readonly Output[]): Output
}

/** Where an axis of an ONNX value (0 = batch) stands in TensorFlow's layout. */
export function tensorflowAxis(axis: number, rank: number): number {
  if (rank !== 4 || axis === 0) return axis
  return axis === 1 ? 3 : axis - 1
}
