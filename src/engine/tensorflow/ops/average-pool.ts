import type { Dims } from '../../../core/graph/dims.ts'
import { integerAttribute } from '../../../core/graph/op-rule.ts'
import type { TensorflowOp } from '../op.ts'
import { padImage, pool, poolWindow, type Window } from '../window.ts'

/** Mean over windows; with `count_include_pad` = 0 over the part of each window that lies inside the input. */
export const averagePool: TensorflowOp = {
  forward({ graph, node, inputDims, outputDims }, [x]) {
    const window = poolWindow(node)
    const isPadded = window.pads.flat().some(pad => pad > 0)
    const y = pool(graph, 'AvgPool', isPadded ? padImage(graph, x!, window.pads) : x!, window, 'VALID')
    if (!isPadded || integerAttribute(node, 'count_include_pad', 0) === 1) return y
    // TensorFlow has divided by the size of the window; correct that where a part of it was padding.
    const scale = graph.floats(inverseCover(window, inputDims[0]!.slice(1), outputDims.slice(1)), [
      1,
      ...outputDims.slice(1),
      1,
    ])
    return graph.binary('Mul', y, scale)
  },
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
