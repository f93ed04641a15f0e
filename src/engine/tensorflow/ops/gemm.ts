import type { TensorflowOp } from '../op.ts'

/** x W^T + bias, with W [out, in] as ONNX and PyTorch keep it. */
export const gemm: TensorflowOp = {
  forward({ graph }, [x, weight, bias]) {
    const y = graph.matMul(x!, weight!, true)
    return bias ? graph.biasAdd(y, bias) : y
  },
}
