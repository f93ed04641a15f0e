import type { OpRule } from '../op-rule.ts'

export const relu: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: [],
  outputDims: (_node, [input]) => input!,
}
