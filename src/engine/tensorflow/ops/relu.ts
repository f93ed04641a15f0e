import type { GraphWriter, Output } from '../graph-writer.ts'
import type { TensorflowOp } from '../op.ts'

export const relu: TensorflowOp = {
  forward: ({ graph }, [x]) => graph.unary('Relu', x!),
  train({ graph }, [x]) {
    const output = graph.unary('Relu', x!)
    return { output, gradient: dy => [reluGradient(graph, output, dy)] }
  },
}

/**
 * dy where y > 0. The bits of a positive bfloat16 are a positive integer and those of 0 are 0, so the same choice can be
 * made by the bits; TensorFlow's CPU kernel for bfloat16 goes through float32 and takes four times as long.
 */
function reluGradient(graph: GraphWriter, y: Output, dy: Output): Output {
  if (dy.type !== 'bfloat16' || graph.device !== 'cpu') return write(dy, y)
  return graph.bitcast(write(graph.bitcast(dy, 'int16'), graph.bitcast(y, 'int16')), 'bfloat16')

  function write(gradients: Output, features: Output): Output {
    return graph.node('ReluGrad', [gradients, features], gradients.type, {
      attributes: { T: { type: gradients.type } },
    })
  }
}
