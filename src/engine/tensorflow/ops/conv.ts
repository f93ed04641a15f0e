import { integerAttribute } from '../../../core/graph/op-rule.ts'
import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'
import { nativePadding, nhwc, padImage, windowOf } from '../window.ts'

/** Convolution of an NHWC value with an HWIO kernel, plus bias. A group for each input channel is TensorFlow's depthwise op. */
export const conv: TensorflowOp = {
  forward(context, [x, kernel, bias]) {
    const y = convolve(context, x!, kernel!)
    return bias ? context.graph.biasAdd(y, bias) : y
  },
}

function convolve({ graph, node, inputDims }: OpContext, input: Output, kernel: Output): Output {
  const [channels, ...size] = inputDims[0]!
  const [out, , ...kernelSize] = inputDims[1]!
  const window = windowOf(node, kernelSize)
  const padding = nativePadding(window, size)
  const x = padding ? input : padImage(graph, input, window.pads)
  const attributes = {
    T: { type: x.type },
    strides: nhwc(window.strides),
    dilations: nhwc(window.dilations),
    padding: { string: padding ?? 'VALID' },
    explicit_paddings: { ints: [] },
    data_format: { string: 'NHWC' },
  } as const
  const group = integerAttribute(node, 'group', 1)
  // The depthwise op takes one stride for both axes only.
  if (group === 1 || group !== channels || window.strides[0] !== window.strides[1])
    return graph.node('Conv2D', [x, kernel], x.type, { attributes })
  // HWIO with one input channel a group is [height, width, 1, channels x multiplier]; the op wants channels third.
  const depthwise = graph.reshape(kernel, [...kernelSize, channels, out! / channels])
  return graph.node('DepthwiseConv2dNative', [x, depthwise], x.type, { attributes })
}
