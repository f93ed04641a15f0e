import type { OpRule } from '../op-rule.ts'
import { imageDims } from '../window.ts'

/** Mean over height and width: [C, H, W] -> [C, 1, 1]. */
export const globalAveragePool: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: [],
  outputDims: (node, [input]) => [imageDims(node, input!)[0], 1, 1],
}
