import { invalidNode, type OpRule } from '../op-rule.ts'

/** Batch normalisation over channels, dims unchanged. `epsilon` defaults to 1e-5; `momentum` is ONNX's (running x momentum). */
export const batchNormalization: OpRule = {
  values: 1,
  parameters: ['gamma', 'beta', 'mean', 'variance'],
  required: 4,
  attributes: ['epsilon', 'momentum'],
  outputDims(node, [input], parameters) {
    const channels = input![0]
    if (parameters.some(dims => dims.length !== 1 || dims[0] !== channels))
      throw invalidNode(node, `its four parameters must have one entry for each of the ${channels} channels`)
    return input!
  },
}
