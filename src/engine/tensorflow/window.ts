/** Padding of convolutions and pooling: TensorFlow's own where it is the same, entries around the input where not. */
import type { Dims } from '../../core/graph/dims.ts'
import type { GraphNode } from '../../core/graph/model.ts'
import { integersAttribute, invalidNode } from '../../core/graph/op-rule.ts'
import type { GraphWriter, Output } from './graph-writer.ts'

export interface Window {
  /** [height, width], as all of them. */
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Entries to add before and after height and width: [[top, bottom], [left, right]]. */
  readonly pads: readonly (readonly [number, number])[]
}

export function windowOf(node: GraphNode, kernel: readonly number[]): Window {
  const [top, left, bottom, right] = integersAttribute(node, 'pads', 4, [0, 0, 0, 0])
  return {
    kernel,
    strides: integersAttribute(node, 'strides', 2, [1, 1]),
    dilations: integersAttribute(node, 'dilations', 2, [1, 1]),
    pads: [
      [top!, bottom!],
      [left!, right!],
    ],
  }
}

/** The window of a pooling node. TensorFlow has no dilated pooling. */
export function poolWindow(node: GraphNode): Window {
  const window = windowOf(node, integersAttribute(node, 'kernel_shape', 2))
  if (window.dilations.some(dilation => dilation !== 1)) throw invalidNode(node, 'dilated pooling is not supported')
  return window
}

/** What TensorFlow's SAME adds to an axis: enough for ceil(size / stride) outputs, the odd one at the end. */
function samePads(size: number, kernel: number, stride: number, dilation: number): readonly [number, number] {
  const extent = dilation * (kernel - 1) + 1
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/**
 * SAME or VALID where that is the window's padding on an input of [height, width]; `undefined` where the input has to
 * be padded first. (TensorFlow's EXPLICIT would do, but its backward kernels are 2.5 times slower: design, section 3.)
 */
export function nativePadding(window: Window, size: Dims): 'SAME' | 'VALID' | undefined {
  if (window.pads.flat().every(pad => pad === 0)) return 'VALID'
  const isSame = window.pads.every(([before, after], axis) => {
    const { kernel, strides, dilations } = window
    const same = samePads(size[axis]!, kernel[axis]!, strides[axis]!, dilations[axis]!)
    return before === same[0] && after === same[1]
  })
  return isSame ? 'SAME' : undefined
}

/** `x` (NHWC) with the window's padding around it: zeros, or `value`. */
export function padImage(graph: GraphWriter, x: Output, pads: Window['pads'], value?: number): Output {
  const sizes = graph.ints([0, 0, ...pads.flat(), 0, 0], [4, 2])
  const attributes = { T: { type: x.type }, Tpaddings: { type: 'int32' } } as const
  if (value === undefined) return graph.node('Pad', [x, sizes], x.type, { attributes })
  return graph.node('PadV2', [x, sizes, graph.as(graph.scalar(value), x.type)], x.type, { attributes })
}

/** The part of `padded` that `x` is in `padImage(x)`: the way back. */
export function unpadImage(graph: GraphWriter, padded: Output, pads: Window['pads'], x: Output): Output {
  return graph.slice(padded, graph.ints([0, pads[0]![0], pads[1]![0], 0]), graph.shapeOf(x))
}

/** Sizes for height and width as TensorFlow's attributes want them: one entry for each axis of NHWC. */
export const nhwc = (sizes: readonly number[]) => ({ ints: [1, sizes[0]!, sizes[1]!, 1] })

type PoolOp = 'MaxPool' | 'AvgPool'
type PoolSizes = Pick<Window, 'kernel' | 'strides'>
type Padding = 'SAME' | 'VALID'

export function pool(graph: GraphWriter, op: PoolOp, x: Output, window: PoolSizes, padding: Padding): Output {
  return graph.node(op, [x], x.type, { attributes: poolAttributes(op, x, window, padding) })
}

/** Gradient of `y = pool(x)` by `x`. */
export function poolGradient(
  graph: GraphWriter,
  op: PoolOp,
  { x, y, dy }: { readonly x: Output; readonly y: Output; readonly dy: Output },
  window: PoolSizes,
  padding: Padding,
): Output {
  const inputs = op === 'MaxPool' ? [x, y, dy] : [graph.shapeOf(x), dy]
  return graph.node(`${op}Grad`, inputs, x.type, { attributes: poolAttributes(op, x, window, padding) })
}

function poolAttributes(op: PoolOp, { type }: Output, window: PoolSizes, padding: Padding) {
  return {
    T: { type },
    ksize: nhwc(window.kernel),
    strides: nhwc(window.strides),
    padding: { string: padding },
    ...(op === 'MaxPool' && { explicit_paddings: { ints: [] } }),
    data_format: { string: 'NHWC' },
  } as const
}
