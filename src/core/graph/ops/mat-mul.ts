import { elementCount, formatDims } from '../dims.ts'
import { invalidNode, type OpRule } from '../op-rule.ts'

/** The same linear map, without bias, for each step of a series: [steps, in] and weights [in, out] -> [steps, out]. */
export const matMul: OpRule = {
  values: 1,
  parameters: ['weight'],
  required: 1,
  attributes: [],
  outputDims(node, [input], [weight]) {
    const [steps, features] = input!
    const [rows, columns] = weight!
    if (input!.length !== 2) throw invalidNode(node, `needs an input of steps x features, found ${formatDims(input!)}`)
    if (weight!.length !== 2 || rows !== features)
      throw invalidNode(node, `weights are ${formatDims(weight!)}, the input has ${features} features`)
    return [steps!, columns!]
  },
  macs: ([steps], [weight]) => steps! * elementCount(weight!),
}
