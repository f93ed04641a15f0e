import { integerAttribute } from '../../../core/graph/op-rule.ts'
import { type TensorflowOp, tensorflowAxis } from '../op.ts'

/** Values one behind the other along `axis`. */
export const concat: TensorflowOp = {
  forward({ graph, node, outputDims }, values) {
    if (values.length === 1) return values[0]!
    const axis = tensorflowAxis(integerAttribute(node, 'axis', 1), outputDims.length + 1)
    const attributes = { T: { type: values[0]!.type }, Tidx: { type: 'int32' }, N: { int: values.length } } as const
    return graph.node('ConcatV2', [...values, graph.ints([axis], [])], values[0]!.type, { attributes })
  },
}
