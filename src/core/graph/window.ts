/** The arithmetic that convolution and pooling share: a window slid over height and width. */
import type { Dims } from './dims.ts'
import type { GraphNode } from './model.ts'
import { integersAttribute, invalidNode } from './op-rule.ts'

export const windowAttributes = ['strides', 'pads', 'dilations'] as const

/** [C, H, W] or `model.invalid`. */
export function imageDims(node: GraphNode, dims: Dims): readonly [number, number, number] {
  const [channels, height, width] = dims
  if (dims.length !== 3 || channels === undefined || height === undefined || width === undefined)
    throw invalidNode(node, `needs an input of channels x height x width, found ${dims.length} dimensions`)
  return [channels, height, width]
}

/** Output height and width of a window of `kernel`: floor((size + padding - extent) / stride) + 1, as ONNX defines it. */
export function windowOutput(
  node: GraphNode,
  height: number,
  width: number,
  kernel: readonly number[],
): [number, number] {
  const strides = integersAttribute(node, 'strides', 2, [1, 1])
  const pads = integersAttribute(node, 'pads', 4, [0, 0, 0, 0])
  const dilations = integersAttribute(node, 'dilations', 2, [1, 1])
  if ([...strides, ...dilations, ...kernel].some(size => size < 1) || pads.some(size => size < 0))
    throw invalidNode(node, 'kernel, strides and dilations must be at least 1 and pads at least 0')
  const [outHeight, outWidth] = [height, width].map((size, axis) => {
    const extent = dilations[axis]! * (kernel[axis]! - 1) + 1
    return Math.floor((size + pads[axis]! + pads[axis + 2]! - extent) / strides[axis]!) + 1
  })
  if (outHeight! < 1 || outWidth! < 1)
    throw invalidNode(node, `a window of ${kernel.join('x')} does not fit into ${height}x${width}`)
  return [outHeight!, outWidth!]
}
