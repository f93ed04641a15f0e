import { integerAttribute, integersAttribute, invalidNode, type OpRule } from '../op-rule.ts'
import { imageDims, windowAttributes, windowOutput } from '../window.ts'

/** Mean over windows: [C, H, W] -> [C, H', W']. PyTorch counts the padding (`count_include_pad` = 1), ONNX's default is 0. */
export const averagePool: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: [...windowAttributes, 'kernel_shape', 'count_include_pad'],
  outputDims(node, [input]) {
    const [channels, height, width] = imageDims(node, input!)
    const countPadding = integerAttribute(node, 'count_include_pad', 0)
    if (countPadding !== 0 && countPadding !== 1) throw invalidNode(node, '"count_include_pad" must be 0 or 1')
    return [channels, ...windowOutput(node, height, width, integersAttribute(node, 'kernel_shape', 2))]
  },
}
