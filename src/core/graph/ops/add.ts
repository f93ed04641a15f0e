import { formatDims, sameDims } from '../dims.ts'
import { invalidNode, type OpRule } from '../op-rule.ts'

/** Elementwise sum of two values of the same dims: residual connections. Broadcasting is not supported. */
export const add: OpRule = {
  values: 2,
  parameters: [],
  required: 0,
  attributes: [],
  outputDims(node, [a, b]) {
    if (!sameDims(a!, b!)) throw invalidNode(node, `cannot add ${formatDims(a!)} and ${formatDims(b!)}`)
    return a!
  },
}
