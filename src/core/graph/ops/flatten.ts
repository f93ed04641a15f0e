import { elementCount } from '../dims.ts'
import { integerAttribute, invalidNode, type OpRule } from '../op-rule.ts'

/** Everything after the batch dimension in one row, row-major: [C, H, W] -> [C H W]. */
export const flatten: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: ['axis'],
  outputDims(node, [input]) {
    if (integerAttribute(node, 'axis', 1) !== 1) throw invalidNode(node, '"axis" must be 1')
    return [elementCount(input!)]
  },
}
