import type { TensorflowOp } from '../op.ts'

/** x W^T + bias, with W [out, in] as ONNX and PyTorch keep it. */
export const gemm: TensorflowOp = {
  forward({ graph }, [x, weight, bias]) {
    const T = { type: x!.type } as const
    const attributes = { T, transpose_a: { bool: false }, transpose_b: { bool: true } }
    const y = graph.node('MatMul', [x!, weight!], x!.type, { attributes })
    return bias ? graph.biasAdd(y, bias) : y
  },
}
