import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'

/** x W for each step of a series: [batch, steps, in] and W [in, out] -> [batch, steps, out], as one large product. */
export const matMul: TensorflowOp = {
  forward(context, [x, weight]) {
    const { graph, outputDims } = context
    return graph.reshape(graph.matMul(rows(context, x!), weight!), [-1, ...outputDims])
  },
  train(context, [x, weight]) {
    const { graph, inputDims, outputDims } = context
    const [xRows, w] = [rows(context, x!), graph.as(weight!, x!.type)]
    return {
      output: graph.reshape(graph.matMul(xRows, w), [-1, ...outputDims]),
      gradient(dy, [needsX, needsWeight]) {
        const dRows = graph.reshape(dy, [-1, outputDims.at(-1)!])
        return [
          needsX ? graph.reshape(graph.matMul(dRows, w, 'b'), [-1, ...inputDims[0]!]) : undefined,
          needsWeight ? graph.as(graph.matMul(xRows, dRows, 'a'), weight!.type) : undefined,
        ]
      },
    }
  },
}

const rows = ({ graph, inputDims }: OpContext, x: Output) => graph.reshape(x, [-1, inputDims[0]!.at(-1)!])
