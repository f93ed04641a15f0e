import { integerAttribute } from '../../../core/graph/op-rule.ts'
import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'
import { nativePadding, nhwc, padImage, unpadImage, windowOf } from '../window.ts'

/** Convolution of an NHWC value with an HWIO kernel, plus bias. A group for each input channel is TensorFlow's depthwise op. */
export const conv: TensorflowOp = {
  forward(context, [x, kernel, bias]) {
    const { output } = convolution(context, x!, kernel!)
    return bias ? context.graph.biasAdd(output, bias) : output
  },
  train(context, [x, kernel, bias]) {
    const { graph } = context
    const { output, gradients } = convolution(context, x!, graph.as(kernel!, x!.type))
    return {
      output: bias ? graph.biasAdd(output, graph.as(bias, x!.type)) : output,
      gradient(dy, needed) {
        const { dx, dKernel } = gradients(dy, needed)
        return [dx, dKernel && graph.as(dKernel, kernel!.type), needed[2] ? biasGradient(dy) : undefined]
      },
    }

    function biasGradient(dy: Output): Output {
      return graph.as(graph.biasGradient(dy), bias!.type)
    }
  },
}

function convolution({ graph, node, inputDims }: OpContext, x: Output, kernel: Output) {
  const [channels, ...size] = inputDims[0]!
  const [out, inPerGroup, ...kernelSize] = inputDims[1]!
  const window = windowOf(node, kernelSize)
  const padding = nativePadding(window, size)
  const padded = padding ? x : padImage(graph, x, window.pads)
  const group = integerAttribute(node, 'group', 1)
  // The depthwise op takes one stride for both axes only.
  const isDepthwise = group > 1 && group === channels && window.strides[0] === window.strides[1]
  const op = isDepthwise ? 'DepthwiseConv2dNative' : 'Conv2D'
  // HWIO with one input channel a group is [height, width, 1, channels x multiplier]; the op wants channels third.
  const own = isDepthwise ? [...kernelSize, channels!, out! / channels] : [...kernelSize, inPerGroup!, out!]
  const filter = isDepthwise ? graph.reshape(kernel, own) : kernel
  const attributes = {
    T: { type: x.type },
    strides: nhwc(window.strides),
    dilations: nhwc(window.dilations),
    padding: { string: padding ?? 'VALID' },
    explicit_paddings: { ints: [] },
    data_format: { string: 'NHWC' },
  } as const
  return {
    output: graph.node(op, [padded, filter], x.type, { attributes }),
    gradients(dy: Output, [needsX, needsKernel]: readonly boolean[]) {
      return { dx: needsX ? inputGradient(dy) : undefined, dKernel: needsKernel ? kernelGradient(dy) : undefined }
    },
  }

  function inputGradient(dy: Output): Output {
    const inputs = [graph.shapeOf(padded), filter, dy]
    const dPadded = graph.node(`${op}BackpropInput`, inputs, x.type, { attributes })
    return padding ? dPadded : unpadImage(graph, dPadded, window.pads, x)
  }

  function kernelGradient(dy: Output): Output {
    const dFilter = graph.node(`${op}BackpropFilter`, [padded, graph.ints(own), dy], x.type, { attributes })
    return isDepthwise ? graph.reshape(dFilter, [...kernelSize, inPerGroup!, out!]) : dFilter
  }
}
