import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'

/** [B, H, W, C] -> [B, C H W]: the features stand in ONNX order, channels outermost. */
export const flatten: TensorflowOp = {
  forward,
  train(context, [x]) {
    const { graph, inputDims } = context
    return {
      output: forward(context, [x!]),
      gradient(dy) {
        const [channels, ...size] = inputDims[0]!
        if (size.length !== 2) return [graph.reshape(dy, [-1, ...inputDims[0]!])]
        if (isPixel(context)) return [graph.reshape(dy, [-1, ...size, channels!])]
        return [graph.transpose(graph.reshape(dy, [-1, channels!, ...size]), [0, 2, 3, 1])]
      },
    }
  },
}

function forward(context: OpContext, [x]: readonly Output[]): Output {
  const { graph, inputDims, outputDims } = context
  // A transposition of one pixel changes nothing, and only images stand in another order.
  const inOrder = inputDims[0]!.length !== 3 || isPixel(context)
  return graph.reshape(inOrder ? x! : graph.transpose(x!, [0, 3, 1, 2]), [-1, outputDims[0]!])
}

const isPixel = ({ inputDims: [dims] }: OpContext) => dims![1] === 1 && dims![2] === 1
