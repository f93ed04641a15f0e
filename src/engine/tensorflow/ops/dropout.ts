import type { TensorflowOp } from '../op.ts'

/**
 * Nothing outside training. In training each entry is zero with probability `ratio` and all others grow by
 * 1 / (1 - ratio). Which ones follows from the step's seed alone: TensorFlow's stateless numbers are counter-based.
 */
export const dropout: TensorflowOp = {
  forward: (_context, [x]) => x!,
  train({ graph, node, seed }, [x]) {
    // The rule of the op has checked it.
    const ratio = (node.attributes['ratio'] as number | undefined) ?? 0.5
    if (ratio === 0) return { output: x!, gradient: dy => [dy] }
    const uniform = graph.node('StatelessRandomUniform', [graph.shapeOf(x!), seed()], 'float32', {
      attributes: { T: { type: 'int32' }, Tseed: { type: 'int32' }, dtype: { type: 'float32' } },
    })
    const isKept = graph.cast(graph.compare('GreaterEqual', uniform, graph.scalar(ratio)), x!.type)
    const scale = graph.binary('Mul', isKept, graph.as(graph.scalar(1 / (1 - ratio)), x!.type))
    return { output: graph.binary('Mul', x!, scale), gradient: dy => [graph.binary('Mul', dy, scale)] }
  },
}
