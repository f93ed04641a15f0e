import type { TensorflowOp } from '../op.ts'

/** Mean over height and width: [B, H, W, C] -> [B, 1, 1, C]. Means are float32, whatever the type of the input. */
export const globalAveragePool: TensorflowOp = {
  forward: ({ graph }, [x]) => graph.reduce('Mean', x!, [1, 2], true),
  train({ graph, inputDims }, [x]) {
    const [, height, width] = inputDims[0]!
    return {
      output: graph.reduce('Mean', graph.as(x!, 'float32'), [1, 2], true),
      gradient(dy) {
        const share = graph.binary('Mul', dy, graph.scalar(1 / (height! * width!)))
        return [graph.broadcastTo(graph.as(share, x!.type), graph.shapeOf(x!))]
      },
    }
  },
}
