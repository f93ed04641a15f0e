import { integersAttribute, invalidNode, type OpRule } from '../op-rule.ts'

/** Zeros around a value. `pads` counts the batch: all begins, then all ends ([0, 4, 0, 0, 0, 4, 0, 0] pads channels). */
export const pad: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: ['pads'],
  outputDims(node, [input]) {
    const rank = input!.length + 1
    const pads = integersAttribute(node, 'pads', 2 * rank)
    if (pads[0] !== 0 || pads[rank] !== 0 || pads.some(size => size < 0))
      throw invalidNode(node, '"pads" must not be negative and must leave the batch alone')
    return input!.map((size, axis) => pads[axis + 1]! + size + pads[rank + axis + 1]!)
  },
}
