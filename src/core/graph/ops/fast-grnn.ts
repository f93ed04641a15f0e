import { elementCount, formatDims, sameDims } from '../dims.ts'
import { invalidNode, type OpRule } from '../op-rule.ts'

/**
 * The recurrence of FastGRNN (Kusupati et al. 2018), over inputs a_t = x_t W that a MatMul has made for all steps:
 *   p = a_t + h U;  z = sigmoid(p + b_z);  c = tanh(p + b_h);  h' = z h + (sigmoid(zeta) (1 - z) + sigmoid(nu)) c
 * from h = 0: [steps, hidden] -> the last h, [hidden]. Parameters: U [hidden, hidden], b_z and b_h [1, hidden], zeta
 * and nu [1, 1], as EdgeML stores them.
 *
 * One node, as ONNX has GRU and LSTM, and not ONNX primitives: those would be some ten nodes for each of 128 steps, all
 * sharing one U, for a person to read past and for every tool to count once.
 */
export const fastGrnn: OpRule = {
  values: 1,
  parameters: ['weight', 'bias', 'bias', 'zeta', 'nu'],
  required: 5,
  attributes: [],
  outputDims(node, [input], parameters) {
    const hidden = input![1]
    if (input!.length !== 2 || hidden === undefined)
      throw invalidNode(node, `needs an input of steps x hidden, found ${formatDims(input!)}`)
    const wanted = [
      [hidden, hidden],
      [1, hidden],
      [1, hidden],
      [1, 1],
      [1, 1],
    ]
    const odd = parameters.findIndex((dims, i) => !sameDims(dims, wanted[i]!))
    if (odd >= 0)
      throw invalidNode(
        node,
        `its parameter ${odd + 1} must be ${formatDims(wanted[odd]!)}, found ${formatDims(parameters[odd]!)}`,
      )
    return [hidden]
  },
  macs: (_output, [weight], [input]) => input![0]! * elementCount(weight!),
}
