import type { TensorflowOp } from '../op.ts'

/** Outside training dropout changes nothing. */
export const dropout: TensorflowOp = {
  forward: (_context, [x]) => x!,
}
