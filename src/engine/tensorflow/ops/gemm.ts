import type { TensorflowOp } from '../op.ts'

/** x W^T + bias, with W [out, in] as ONNX and PyTorch keep it. */
export const gemm: TensorflowOp = {
  forward({ graph }, [x, weight, bias]) {
    const y = graph.matMul(x!, weight!, 'b')
    return bias ? graph.biasAdd(y, bias) : y
  },
  train({ graph }, [x, weight, bias]) {
    const w = graph.as(weight!, x!.type)
    const y = graph.matMul(x!, w, 'b')
    return {
      output: bias ? graph.biasAdd(y, graph.as(bias, x!.type)) : y,
      gradient: (dy, [needsX, needsWeight, needsBias]) => [
        needsX ? graph.matMul(dy, w) : undefined,
        needsWeight ? graph.as(graph.matMul(dy, x!, 'a'), weight!.type) : undefined,
        needsBias ? graph.biasGradient(graph.as(dy, bias!.type)) : undefined,
      ],
    }
  },
}
