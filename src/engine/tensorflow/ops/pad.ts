import { integersAttribute } from '../../../core/graph/op-rule.ts'
import { type TensorflowOp, tensorflowAxis } from '../op.ts'

/** Zeros around a value. ONNX gives all begins, then all ends, of NCHW; TensorFlow takes [begin, end] for each axis of NHWC. */
export const pad: TensorflowOp = {
  forward({ graph, node, inputDims }, [x]) {
    const rank = inputDims[0]!.length + 1
    const pads = integersAttribute(node, 'pads', 2 * rank)
    const sizes = new Int32Array(2 * rank)
    for (let axis = 0; axis < rank; axis++) {
      sizes[2 * tensorflowAxis(axis, rank)] = pads[axis]!
      sizes[2 * tensorflowAxis(axis, rank) + 1] = pads[rank + axis]!
    }
    const attributes = { T: { type: x!.type }, Tpaddings: { type: 'int32' } } as const
    return graph.node('Pad', [x!, graph.ints(sizes, [rank, 2])], x!.type, { attributes })
  },
}
