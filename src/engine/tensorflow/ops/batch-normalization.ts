import type { GraphNode } from '../../../core/graph/model.ts'
import { invalidNode } from '../../../core/graph/op-rule.ts'
import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'

export function epsilonOf(node: GraphNode): number {
  const epsilon = node.attributes['epsilon'] ?? 1e-5
  if (typeof epsilon !== 'number' || !(epsilon >= 0)) throw invalidNode(node, '"epsilon" must be a number, at least 0')
  return epsilon
}

/** Share of the batch in new running statistics: 1 - ONNX's `momentum`. */
function statisticsRateOf(node: GraphNode): number {
  const momentum = node.attributes['momentum'] ?? 0.9
  if (typeof momentum !== 'number' || !(momentum >= 0 && momentum <= 1))
    throw invalidNode(node, '"momentum" must be a number in [0, 1]')
  return 1 - momentum
}

/**
 * (x - mean) / sqrt(variance + epsilon) x gamma + beta for each channel (the last axis): with the running statistics, in
 * training with those of the batch (Ioffe and Szegedy 2015, algorithm 1).
 */
export const batchNormalization: TensorflowOp = {
  forward(context, [x, ...parameters]) {
    const { graph } = context
    const images = asImages(context, x!)
    const attributes = { ...normAttributes(context.node, images), is_training: { bool: false } }
    return fromImages(context, graph.node('FusedBatchNormV3', [images, ...parameters], x!.type, { attributes }))
  },
  train(context, [x, gamma, beta]) {
    const { graph, node } = context
    const images = asImages(context, x!)
    const attributes = { ...normAttributes(node, images), is_training: { bool: true } }
    const rate = statisticsRateOf(node)
    // With a factor of 1 the op wants no running statistics and gives those of the batch, the variance unbiased.
    const none = graph.floats([])
    const y = graph.node('FusedBatchNormV3', [images, gamma!, beta!, none, none], x!.type, {
      attributes: { ...attributes, exponential_avg_factor: { float: 1 } },
    })
    const part = (index: number): Output => ({ name: `${y.name}:${index}`, type: 'float32' })
    return {
      output: fromImages(context, y),
      statistics: [1, 2].map(index => ({ input: index + 2, value: part(index), rate })),
      gradient(dy) {
        const inputs = [asImages(context, dy), images, gamma!, part(3), part(4), part(5)]
        const dx = graph.node('FusedBatchNormGradV3', inputs, x!.type, { attributes })
        const second = (index: number): Output => ({ name: `${dx.name}:${index}`, type: 'float32' })
        return [fromImages(context, dx), second(1), second(2)]
      },
    }
  },
}

const normAttributes = (node: GraphNode, x: Output) =>
  ({
    T: { type: x.type },
    U: { type: 'float32' },
    epsilon: { float: epsilonOf(node) },
    data_format: { string: 'NHWC' },
  }) as const

/** The op takes images only: features become the channels of images of one pixel. */
function asImages({ graph, node, inputDims }: OpContext, x: Output): Output {
  const [channels, ...size] = inputDims[0]!
  if (size.length === 2) return x
  if (size.length > 0) throw invalidNode(node, 'only images and features can be normalised')
  return graph.reshape(x, [-1, 1, 1, channels!])
}

const fromImages = ({ graph, outputDims }: OpContext, y: Output) =>
  outputDims.length === 3 ? y : graph.reshape(y, [-1, outputDims[0]!])
