import { integersAttribute } from '../../../core/graph/op-rule.ts'
import type { Output } from '../graph-writer.ts'
import { type OpContext, type TensorflowOp, tensorflowAxis } from '../op.ts'

/** Zeros around a value. */
export const pad: TensorflowOp = {
  forward: (context, [x]) => padded(context, x!, sizesOf(context)),
  train(context, [x]) {
    const { graph } = context
    const sizes = sizesOf(context)
    const begins = sizes.map(([before]) => before)
    return {
      output: padded(context, x!, sizes),
      gradient: dy => [graph.slice(dy, graph.ints(begins), graph.shapeOf(x!))],
    }
  },
}

/** [begin, end] for each axis of TensorFlow's layout. ONNX gives all begins, then all ends, of its own. */
function sizesOf({ node, inputDims }: OpContext): [number, number][] {
  const rank = inputDims[0]!.length + 1
  const pads = integersAttribute(node, 'pads', 2 * rank)
  const sizes: [number, number][] = []
  for (let axis = 0; axis < rank; axis++) sizes[tensorflowAxis(axis, rank)] = [pads[axis]!, pads[rank + axis]!]
  return sizes
}

function padded({ graph }: OpContext, x: Output, sizes: readonly [number, number][]): Output {
  const attributes = { T: { type: x.type }, Tpaddings: { type: 'int32' } } as const
  return graph.node('Pad', [x, graph.ints(sizes.flat(), [sizes.length, 2])], x.type, { attributes })
}
