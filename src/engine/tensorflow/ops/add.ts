import type { TensorflowOp } from '../op.ts'

export const add: TensorflowOp = {
  forward: ({ graph }, [a, b]) => graph.binary('AddV2', a!, b!),
  train({ graph }, [a, b]) {
    const output = graph.binary('AddV2', a!, graph.as(b!, a!.type))
    return { output, gradient: dy => [dy, graph.as(dy, b!.type)] }
  },
}
