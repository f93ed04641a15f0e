import { integersAttribute, invalidNode, type OpRule } from '../op-rule.ts'

/** Strided subset, numpy's `x[start:end:step]` along each of `axes`. Axis 0 is the batch and is never sliced. */
export const slice: OpRule = {
  values: 1,
  parameters: [],
  required: 0,
  attributes: ['starts', 'ends', 'axes', 'steps'],
  outputDims(node, [input]) {
    const axes = node.attributes['axes']
    if (!Array.isArray(axes)) throw invalidNode(node, '"axes" must be a list')
    const [starts, ends, steps] = ['starts', 'ends', 'steps'].map(key => integersAttribute(node, key, axes.length))
    const output = [...input!]
    for (const [i, axis] of axes.entries()) {
      const size = input![axis - 1]
      if (size === undefined) throw invalidNode(node, `"axes" names ${axis}, the input has axes 1 to ${input!.length}`)
      if (steps![i]! < 1) throw invalidNode(node, '"steps" must be at least 1')
      const bound = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
      output[axis - 1] = Math.ceil((bound(ends![i]!) - bound(starts![i]!)) / steps![i]!)
      if (output[axis - 1]! < 1) throw invalidNode(node, `leaves nothing of axis ${axis}`)
    }
    return output
  },
}
