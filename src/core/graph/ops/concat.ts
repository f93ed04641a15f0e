import { formatDims } from '../dims.ts'
import { integerAttribute, invalidNode, type OpRule } from '../op-rule.ts'

/** Values one behind the other along `axis` (1 = channels; 0 is the batch); all other sizes agree. */
export const concat: OpRule = {
  values: 'many',
  parameters: [],
  required: 0,
  attributes: ['axis'],
  outputDims(node, values) {
    const [first, ...rest] = values
    const axis = integerAttribute(node, 'axis', 1) - 1
    if (axis < 0 || axis >= first!.length) throw invalidNode(node, `"axis" must be 1 to ${first!.length}`)
    const odd = rest.find(
      dims => dims.length !== first!.length || dims.some((size, i) => i !== axis && size !== first![i]),
    )
    if (odd) throw invalidNode(node, `cannot join ${formatDims(first!)} and ${formatDims(odd)} along axis ${axis + 1}`)
    return first!.map((size, i) => (i === axis ? values.reduce((sum, dims) => sum + dims[axis]!, 0) : size))
  },
}
