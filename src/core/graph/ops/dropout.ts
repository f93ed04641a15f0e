import { invalidNode, type OpRule } from '../op-rule.ts'

/**
 * In training each entry is zero with probability `ratio` and the rest are scaled by 1 / (1 - ratio); in inference it
 * changes nothing. Srivastava et al. 2014, scaled as PyTorch and ONNX do.
 */
export const dropout: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: ['ratio'],
  outputDims(node, [input]) {
    const ratio = node.attributes['ratio'] ?? 0.5
    if (typeof ratio !== 'number' || !(ratio >= 0 && ratio < 1))
      throw invalidNode(node, '"ratio" must be a number, at least 0 and below 1')
    return input!
  },
}
