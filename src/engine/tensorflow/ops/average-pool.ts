import type { Dims } from '../../../core/graph/dims.ts'
import { integerAttribute } from '../../../core/graph/op-rule.ts'
import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'
import { padImage, pool, poolGradient, poolWindow, unpadImage, type Window } from '../window.ts'

/** Mean over windows; with `count_include_pad` = 0 over the part of each window that lies inside the input. */
export const averagePool: TensorflowOp = {
  forward: (context, [x]) => train(context, x!).output,
  train: (context, [x]) => train(context, x!),
}

function train(context: OpContext, x: Output) {
  const { graph, node } = context
  const window = poolWindow(node)
  const isPadded = window.pads.flat().some(pad => pad > 0)
  const padded = isPadded ? padImage(graph, x, window.pads) : x
  const mean = pool(graph, 'AvgPool', padded, window, 'VALID')
  // TensorFlow has divided by the size of the window; correct that where a part of it was padding.
  const scale =
    isPadded && integerAttribute(node, 'count_include_pad', 0) === 0
      ? graph.as(coverScale(context, window), x.type)
      : undefined
  return {
    output: scale ? graph.binary('Mul', mean, scale) : mean,
    gradient(dy: Output) {
      const scaled = scale ? graph.binary('Mul', dy, scale) : dy
      const dPadded = poolGradient(graph, 'AvgPool', { x: padded, y: mean, dy: scaled }, window, 'VALID')
      return [isPadded ? unpadImage(graph, dPadded, window.pads, x) : dPadded]
    },
  }
}

function coverScale({ graph, inputDims, outputDims }: OpContext, window: Window): Output {
  const size = outputDims.slice(1)
  return graph.floats(inverseCover(window, inputDims[0]!.slice(1), size), [1, ...size, 1])
}

/** For each window, its size divided by how many of its entries lie inside the input. */
function inverseCover({ kernel, strides, pads }: Window, size: Dims, output: Dims): Float32Array {
  const inside = [0, 1].map(axis =>
    Array.from({ length: output[axis]! }, (_, i) => {
      const start = i * strides[axis]! - pads[axis]![0]
      return Math.min(start + kernel[axis]!, size[axis]!) - Math.max(start, 0)
    }),
  )
  const [rows, columns] = inside
  return Float32Array.from(rows!.flatMap(r => columns!.map(c => (kernel[0]! * kernel[1]!) / (r * c))))
}
