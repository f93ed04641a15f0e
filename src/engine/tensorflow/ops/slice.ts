import type { Dims } from '../../../core/graph/dims.ts'
import { integersAttribute, invalidNode } from '../../../core/graph/op-rule.ts'
import type { GraphWriter, Output } from '../graph-writer.ts'
import { type OpContext, type TensorflowOp, tensorflowAxis } from '../op.ts'
import { pool, poolGradient } from '../window.ts'

/** For each axis of TensorFlow's layout, the batch included: the first entry, the one after the last, and the step. */
interface Range {
  readonly begin: number
  readonly end: number
  readonly step: number
}

/** x[begin:end:step] along each of `axes`. The batch is left whole. */
export const slice: TensorflowOp = {
  forward(context, [x]) {
    const sizes = context.inputDims[0]!
    const ranges = rangesOf(context, sizes)
    return isSubsample(ranges, sizes) ? subsample(context.graph, x!, ranges) : stridedSlice(context.graph, x!, ranges)
  },
  train(context, [x]) {
    const { graph } = context
    const sizes = context.inputDims[0]!
    const ranges = rangesOf(context, sizes)
    const output = slice.forward(context, [x!])
    return {
      output,
      gradient: dy => [
        isSubsample(ranges, sizes)
          ? poolGradient(graph, 'AvgPool', { x: x!, y: output, dy }, everyOther(ranges), 'VALID')
          : stridedSliceGradient(graph, x!, dy, ranges),
      ],
    }
  },
}

function rangesOf({ node }: OpContext, sizes: Dims): Range[] {
  const rank = sizes.length + 1
  const axes = node.attributes['axes']
  if (!Array.isArray(axes)) throw invalidNode(node, '"axes" must be a list')
  const [starts, ends, steps] = ['starts', 'ends', 'steps'].map(key => integersAttribute(node, key, axes.length))
  // The batch comes first in both layouts; its size is not known, and stridedSlice takes it whole.
  const ranges = [{ begin: 0, end: 0, step: 1 }]
  for (const [i, size] of sizes.entries()) ranges[tensorflowAxis(i + 1, rank)] = { begin: 0, end: size, step: 1 }
  for (const [i, axis] of axes.entries()) {
    const size = sizes[axis - 1]!
    const bound = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
    ranges[tensorflowAxis(axis, rank)] = { begin: bound(starts![i]!), end: bound(ends![i]!), step: steps![i]! }
  }
  return ranges
}

/** x[:, ::a, ::b, :] of an image: the shortcuts of option A. */
function isSubsample([, rows, columns, channels]: readonly Range[], [depth, height, width]: Dims): boolean {
  const isWhole = (range: Range, size: number) => range.begin === 0 && range.end === size
  return (
    channels !== undefined &&
    isWhole(rows!, height!) &&
    isWhole(columns!, width!) &&
    isWhole(channels, depth!) &&
    channels.step === 1
  )
}

/** The mean of one entry is that entry: pooling with a window of 1x1 is an order of magnitude faster than StridedSlice. */
const subsample = (graph: GraphWriter, x: Output, ranges: readonly Range[]): Output =>
  pool(graph, 'AvgPool', x, everyOther(ranges), 'VALID')

const everyOther = ([, rows, columns]: readonly Range[]) => ({ kernel: [1, 1], strides: [rows!.step, columns!.step] })

function stridedSlice(graph: GraphWriter, x: Output, ranges: readonly Range[]): Output {
  const attributes = sliceAttributes(x)
  return graph.node('StridedSlice', [x, ...bounds(graph, ranges)], x.type, { attributes })
}

function stridedSliceGradient(graph: GraphWriter, x: Output, dy: Output, ranges: readonly Range[]): Output {
  const inputs = [graph.shapeOf(x), ...bounds(graph, ranges), dy]
  return graph.node('StridedSliceGrad', inputs, x.type, { attributes: sliceAttributes(x) })
}

const bounds = (graph: GraphWriter, ranges: readonly Range[]) =>
  (['begin', 'end', 'step'] as const).map(key => graph.ints(ranges.map(range => range[key])))

function sliceAttributes({ type }: Output) {
  const wholeBatch = { int: 1 } // a bit for each axis
  const none = { int: 0 }
  return {
    T: { type },
    Index: { type: 'int32' },
    begin_mask: wholeBatch,
    end_mask: wholeBatch,
    ellipsis_mask: none,
    new_axis_mask: none,
    shrink_axis_mask: none,
  } as const
}
