import { elementCount } from '../dims.ts'
import { integerAttribute, integersAttribute, invalidNode, type OpRule } from '../op-rule.ts'
import { imageDims, windowAttributes, windowOutput } from '../window.ts'

/** 2-D convolution: [C, H, W] and weights [out, C / group, kH, kW] -> [out, H', W']. */
export const conv: OpRule = {
  values: 1,
  parameters: ['weight', 'bias'],
  required: 1,
  attributes: [...windowAttributes, 'kernel_shape', 'group'],
  outputDims(node, [input], [weight, bias]) {
    const [channels, height, width] = imageDims(node, input!)
    const group = integerAttribute(node, 'group', 1)
    const [out, inPerGroup, ...kernel] = weight!
    if (kernel.length !== 2) throw invalidNode(node, `weights need 4 dimensions, found ${weight!.length}`)
    if (group < 1 || out! % group !== 0 || channels !== inPerGroup! * group)
      throw invalidNode(node, `weights take ${inPerGroup} x ${group} input channels, the input has ${channels}`)
    const declared = integersAttribute(node, 'kernel_shape', 2, kernel)
    if (declared.some((size, axis) => size !== kernel[axis]))
      throw invalidNode(node, `"kernel_shape" is ${declared.join('x')}, the weights are ${kernel.join('x')}`)
    if (bias && (bias.length !== 1 || bias[0] !== out)) throw invalidNode(node, `the bias must have ${out} entries`)
    return [out!, ...windowOutput(node, height, width, kernel)]
  },
  // Every weight is used once for each output position, whatever the group.
  macs: (output, [weight]) => elementCount(weight!) * output[1]! * output[2]!,
}
