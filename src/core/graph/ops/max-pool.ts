import { integersAttribute, type OpRule } from '../op-rule.ts'
import { imageDims, windowAttributes, windowOutput } from '../window.ts'

/** Maximum over windows: [C, H, W] -> [C, H', W']. Padding never wins. */
export const maxPool: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: [...windowAttributes, 'kernel_shape'],
  outputDims(node, [input]) {
    const [channels, height, width] = imageDims(node, input!)
    return [channels, ...windowOutput(node, height, width, integersAttribute(node, 'kernel_shape', 2))]
  },
}
