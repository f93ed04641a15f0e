import type { TensorflowOp } from '../op.ts'

/** [B, H, W, C] -> [B, C H W]: the features stand in ONNX order, channels outermost. */
export const flatten: TensorflowOp = {
  forward({ graph, inputDims, outputDims }, [x]) {
    const [, height, width] = inputDims[0]!
    // A transposition of one pixel changes nothing, and only images stand in another order.
    const inOrder = inputDims[0]!.length !== 3 || (height === 1 && width === 1)
    return graph.reshape(inOrder ? x! : graph.transpose(x!, [0, 3, 1, 2]), [-1, outputDims[0]!])
  },
}
