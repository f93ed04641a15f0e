import type { TensorflowOp } from '../op.ts'

export const add: TensorflowOp = {
  forward: ({ graph }, [a, b]) => graph.binary('AddV2', a!, b!),
}
