/** Whole output channels of convolutions, by the norm of their kernels: the baselines of five-systems 4b. */
import type { Graph, Masks, Weights } from '../../graph/model.ts'
import { openChannels } from '../../graph/ops/channel-gate.ts'
import { convolutionKernels } from './threshold.ts'

export type FilterNorm = 'l1' | 'l2'

/** 1 = kept, for the kernel of every convolution: the filters of the largest norms, of equals the later ones. */
export function filterMasks(graph: Graph, weights: Weights, keep: number, norm: FilterNorm): Masks {
  return new Map(
    convolutionKernels(graph).map(name => {
      const values = weights.get(name)!
      const channels = graph.parameters[name]!.dims[0]!
      const size = values.length / channels
      const norms = Array.from({ length: channels }, (_, channel) =>
        normOf(values.subarray(channel * size, (channel + 1) * size), norm),
      )
      const ascending = [...norms.keys()].sort((a, b) => norms[a]! - norms[b]! || a - b)
      const mask = new Uint8Array(values.length).fill(1)
      for (const channel of ascending.slice(0, channels - openChannels(keep, channels)))
        mask.fill(0, channel * size, (channel + 1) * size)
      return [name, mask]
    }),
  )
}

/** Comparable among filters of one size: the sum of sizes, or of squares. */
function normOf(values: Float32Array, norm: FilterNorm): number {
  let sum = 0
  for (const value of values) sum += norm === 'l1' ? Math.abs(value) : value * value
  return sum
}

/** The weights with 0 where a mask has 0; tensors without one as they are. */
export const masked = (weights: Weights, masks: Masks): Weights =>
  new Map(
    [...weights].map(([name, values]) => {
      const mask = masks.get(name)
      return [name, mask ? values.map((value, i) => (mask[i] === 0 ? 0 : value)) : values]
    }),
  )
