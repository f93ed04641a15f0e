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
    // Depthwise kernels are no faster in bfloat16, and their gradients are ten times slower.
    const type = isDepthwise(context) ? 'float32' : x!.type
    const write = isPointwise(context) ? product : convolution
    const written = write(context, graph.as(x!, type), graph.as(kernel!, type))
    const output = graph.as(written.output, x!.type)
    return {
      output: bias ? graph.biasAdd(output, graph.as(bias, x!.type)) : output,
      gradient(dy, [needsX, needsKernel, needsBias]) {
        const own = graph.as(dy, type)
        return [
          needsX ? graph.as(written.inputGradient(own), x!.type) : undefined,
          needsKernel ? graph.as(written.kernelGradient(own), kernel!.type) : undefined,
          needsBias ? graph.biasGradient(graph.as(dy, bias!.type)) : undefined,
        ]
      },
    }
  },
}

interface Convolution {
  readonly output: Output
  readonly inputGradient: (dy: Output) => Output
  readonly kernelGradient: (dy: Output) => Output
}

const sizesOf = ({ inputDims: [input, kernel] }: OpContext) => {
  const [channels, ...size] = input!
  const [out, inPerGroup, ...kernelSize] = kernel!
  return { channels: channels!, size, out: out!, inPerGroup: inPerGroup!, kernelSize }
}

function isDepthwise({ node, inputDims }: OpContext): boolean {
  const group = integerAttribute(node, 'group', 1)
  const { strides } = windowOf(node, [])
  // TensorFlow's op takes one stride for both axes only.
  return group > 1 && group === inputDims[0]![0] && strides[0] === strides[1]
}

function isPointwise(context: OpContext): boolean {
  const { kernelSize } = sizesOf(context)
  const { strides, pads } = windowOf(context.node, kernelSize)
  const isPlain = [...kernelSize, ...strides].every(size => size === 1) && pads.flat().every(pad => pad === 0)
  return isPlain && integerAttribute(context.node, 'group', 1) === 1
}

/** A 1x1 convolution is a matrix product over all pixels, and that is faster, its kernel gradient above all. */
function product(context: OpContext, x: Output, kernel: Output): Convolution {
  const { graph } = context
  const { channels, size, out } = sizesOf(context)
  const pixels = (value: Output, depth: number) => graph.reshape(value, [-1, depth])
  const images = (value: Output, depth: number) => graph.reshape(value, [-1, ...size, depth])
  const [rows, matrix] = [pixels(x, channels), graph.reshape(kernel, [channels, out])]
  return {
    output: images(graph.matMul(rows, matrix), out),
    inputGradient: dy => images(graph.matMulTransposed(pixels(dy, out), matrix), channels),
    kernelGradient: dy => graph.reshape(graph.matMul(rows, pixels(dy, out), 'a'), [1, 1, channels, out]),
  }
}

function convolution(context: OpContext, x: Output, kernel: Output): Convolution {
  const { graph, node } = context
  const { channels, size, out, inPerGroup, kernelSize } = sizesOf(context)
  const window = windowOf(node, kernelSize)
  const padding = nativePadding(window, size)
  const padded = padding ? x : padImage(graph, x, window.pads)
  const depthwise = isDepthwise(context)
  const op = depthwise ? 'DepthwiseConv2dNative' : 'Conv2D'
  // HWIO with one input channel a group is [height, width, 1, channels x multiplier]; the op wants channels third.
  const sizes = depthwise ? [...kernelSize, channels, out / channels] : [...kernelSize, inPerGroup, out]
  const filter = depthwise ? graph.reshape(kernel, sizes) : kernel
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
    inputGradient(dy) {
      const inputs = [graph.shapeOf(padded), filter, dy]
      const dPadded = graph.node(`${op}BackpropInput`, inputs, x.type, { attributes })
      return padding ? dPadded : unpadImage(graph, dPadded, window.pads, x)
    },
    kernelGradient(dy) {
      const dFilter = graph.node(`${op}BackpropFilter`, [padded, graph.ints(sizes), dy], x.type, { attributes })
      return depthwise ? graph.reshape(dFilter, [...kernelSize, inPerGroup, out]) : dFilter
    },
  }
}
