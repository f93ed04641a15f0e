import type { TensorflowOp } from '../op.ts'

export const relu: TensorflowOp = {
  forward: ({ graph }, [x]) => graph.node('Relu', [x!], x!.type, { attributes: { T: { type: x!.type } } }),
}
