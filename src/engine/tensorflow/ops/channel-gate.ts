import { gateOf, openChannels } from '../../../core/graph/ops/channel-gate.ts'
import type { GraphWriter, Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'

/** y g: the channels that a sample's gates leave open, scaled. Gates are float32, whatever the type of the images. */
export const channelGate: TensorflowOp = {
  forward(context, inputs) {
    return scale(context, inputs[0]!, writeGates(context, inputs).gates)
  },
  train(context, inputs) {
    const { graph, inputDims } = context
    const [y, x, matrix, bias] = inputs
    const { squeezed, gates } = writeGates(context, inputs)
    return {
      output: scale(context, y!, gates),
      gradient(dy, [needsY, needsX]) {
        const products = graph.binary('Mul', graph.as(dy, 'float32'), graph.as(y!, 'float32'))
        const dGates = graph.reduce('Sum', products, [1, 2], false)
        // A closed gate is 0 as one behind a ReLU is: neither lets a gradient through, and the selection has none.
        const attributes = { T: { type: 'float32' } } as const
        const dSalience = graph.node('ReluGrad', [dGates, gates], 'float32', { attributes })
        const [, height, width] = inputDims[1]!
        const toSource = () => {
          const dSqueezed = graph.matMul(dSalience, matrix!)
          const isSigmoid = gateOf(context.node).squeeze === 'sigmoid'
          const dMean = isSigmoid ? graph.unaryGradient('SigmoidGrad', squeezed, dSqueezed) : dSqueezed
          const share = graph.binary('Mul', dMean, graph.scalar(1 / (height! * width!)))
          const image = graph.reshape(graph.as(share, x!.type), [-1, 1, 1, inputDims[1]![0]!])
          return graph.broadcastTo(image, graph.shapeOf(x!))
        }
        return [
          needsY ? scale(context, dy, gates) : undefined,
          needsX ? toSource() : undefined,
          graph.as(graph.matMul(dSalience, squeezed, 'a'), matrix!.type),
          graph.as(graph.biasGradient(dSalience), bias!.type),
        ]
      },
    }
  },
}

/** What the predictor sees, [batch, D], and the gates, [batch, C]. */
function writeGates({ graph, node, inputDims }: OpContext, [, x, matrix, bias]: readonly Output[]) {
  const { keep, squeeze } = gateOf(node)
  const channels = inputDims[0]![0]!
  const mean = graph.reduce('Mean', graph.as(x!, 'float32'), [1, 2], false)
  const squeezed = squeeze === 'sigmoid' ? graph.unary('Sigmoid', mean) : mean
  const salience = graph.unary('Relu', graph.biasAdd(graph.matMul(squeezed, matrix!, 'b'), bias!))
  const open = openChannels(keep, channels)
  const gates = open < channels ? graph.binary('Mul', salience, largest(graph, salience, open)) : salience
  return { squeezed, gates }
}

const scale = ({ graph, inputDims }: OpContext, images: Output, gates: Output) =>
  graph.binary('Mul', images, graph.reshape(graph.as(gates, images.type), [-1, 1, 1, inputDims[0]![0]!]))

/** 1 at the `count` largest entries of each row of `x` [batch, C], of equal ones the first; 0 elsewhere. */
function largest(graph: GraphWriter, x: Output, count: number): Output {
  const int32 = { type: 'int32' } as const
  const { indices: columns } = graph.topK(x, count, false)
  const shape = graph.shapeOf(x)
  const batch = graph.reshape(graph.slice(shape, graph.ints([0]), graph.ints([1])), [])
  const rows = graph.node('Range', [graph.ints([0], []), batch, graph.ints([1], [])], 'int32', {
    attributes: { Tidx: int32 },
  })
  const eachRow = graph.broadcastTo(graph.reshape(rows, [-1, 1]), graph.shapeOf(columns))
  const attributes = { T: int32, N: { int: 2 }, axis: { int: 2 } } as const
  const places = graph.node('Pack', [eachRow, columns], 'int32', { attributes })
  const ones = graph.node('Fill', [graph.shapeOf(columns), graph.scalar(1)], x.type, {
    attributes: { T: { type: x.type }, index_type: int32 },
  })
  return graph.scatter(places, ones, shape)
}
