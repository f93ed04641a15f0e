import type { GraphNode } from '../../../core/graph/model.ts'
import { invalidNode } from '../../../core/graph/op-rule.ts'
import type { TensorflowOp } from '../op.ts'

export function epsilonOf(node: GraphNode): number {
  const epsilon = node.attributes['epsilon'] ?? 1e-5
  if (typeof epsilon !== 'number' || !(epsilon >= 0)) throw invalidNode(node, '"epsilon" must be a number, at least 0')
  return epsilon
}

/** (x - mean) / sqrt(variance + epsilon) x gamma + beta for each channel (the last axis), with the running statistics. */
export const batchNormalization: TensorflowOp = {
  forward({ graph, node, inputDims }, [x, ...parameters]) {
    const attributes = {
      T: { type: x!.type },
      U: { type: 'float32' },
      epsilon: { float: epsilonOf(node) },
      data_format: { string: 'NHWC' },
      is_training: { bool: false },
    } as const
    const [channels, ...size] = inputDims[0]!
    if (size.length === 2) return graph.node('FusedBatchNormV3', [x!, ...parameters], x!.type, { attributes })
    if (size.length > 0) throw invalidNode(node, 'only images and features can be normalised')
    // The op takes images only: features become the channels of images of one pixel.
    const pixel = graph.reshape(x!, [-1, 1, 1, channels!])
    return graph.reshape(graph.node('FusedBatchNormV3', [pixel, ...parameters], x!.type, { attributes }), [
      -1,
      channels!,
    ])
  },
}
