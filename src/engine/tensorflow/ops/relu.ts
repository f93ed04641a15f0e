import type { TensorflowOp } from '../op.ts'

export const relu: TensorflowOp = {
  forward: ({ graph }, [x]) => graph.unary('Relu', x!),
  train({ graph }, [x]) {
    const output = graph.unary('Relu', x!)
    return {
      output,
      gradient: dy => [graph.node('ReluGrad', [dy, output], dy.type, { attributes: { T: { type: dy.type } } })],
    }
  },
}
