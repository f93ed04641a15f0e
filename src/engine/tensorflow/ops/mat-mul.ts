import type { TensorflowOp } from '../op.ts'

/** x W for each step of a series: [batch, steps, in] and W [in, out] -> [batch, steps, out], as one large product. */
export const matMul: TensorflowOp = {
  forward({ graph, inputDims, outputDims }, [x, weight]) {
    const rows = graph.reshape(x!, [-1, inputDims[0]!.at(-1)!])
    return graph.reshape(graph.matMul(rows, weight!), [-1, ...outputDims])
  },
}
