import type { TensorflowOp } from '../op.ts'

/** Mean over height and width: [B, H, W, C] -> [B, 1, 1, C]. */
export const globalAveragePool: TensorflowOp = {
  forward: ({ graph }, [x]) => graph.reduce('Mean', x!, [1, 2], true),
}
