import { elementCount } from '../dims.ts'
import { integerAttribute, invalidNode, type OpRule } from '../op-rule.ts'

/** Fully connected layer: [in] and weights [out, in] (transB = 1, PyTorch's layout) -> [out]. */
export const gemm: OpRule = {
  values: 1,
  parameters: ['weight', 'bias'],
  required: 1,
  attributes: ['transB'],
  outputDims(node, [input], [weight, bias]) {
    if (integerAttribute(node, 'transB', 0) !== 1) throw invalidNode(node, '"transB" must be 1')
    const [out, features] = weight!
    if (weight!.length !== 2) throw invalidNode(node, `weights need 2 dimensions, found ${weight!.length}`)
    if (input!.length !== 1 || input![0] !== features)
      throw invalidNode(node, `weights take ${features} features, the input has ${input!.join('x')}`)
    if (bias && (bias.length !== 1 || bias[0] !== out)) throw invalidNode(node, `the bias must have ${out} entries`)
    return [out!]
  },
  macs: (_output, [weight]) => elementCount(weight!),
}
