import { integerAttribute } from '../../../core/graph/op-rule.ts'
import { type OpContext, type TensorflowOp, tensorflowAxis } from '../op.ts'

/** Values one behind the other along `axis`. */
export const concat: TensorflowOp = {
  forward: (context, values) => context.graph.concat(values, axisOf(context)),
  train(context, values) {
    const { graph, inputDims } = context
    const [{ type }] = values as readonly [(typeof values)[number]]
    const axis = axisOf(context)
    const onnxAxis = integerAttribute(context.node, 'axis', 1) - 1
    return {
      output: graph.concat(
        values.map(value => graph.as(value, type)),
        axis,
      ),
      gradient(dy, needed) {
        let from = 0
        return values.map((value, i) => {
          const begin = Array(inputDims[0]!.length + 1).fill(0)
          begin[axis] = from
          from += inputDims[i]![onnxAxis]!
          if (!needed[i]) return undefined
          return graph.as(graph.slice(dy, graph.ints(begin), graph.shapeOf(value)), value.type)
        })
      },
    }
  },
}

const axisOf = ({ node, outputDims }: OpContext) =>
  tensorflowAxis(integerAttribute(node, 'axis', 1), outputDims.length + 1)
