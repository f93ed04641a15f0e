import type { Graph, Weights } from '../../graph/model.ts'

/** Kernels of convolutions: what the published code zeroes. Fully connected layers and batch norm it leaves alone. */
export const convolutionKernels = (graph: Graph): string[] =>
  graph.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs[1]!)

/** w = 0 where |w| <= threshold, in the tensors `names` (five-systems 4a-2). No mask: what is zero may grow again. */
export function zeroBelow(weights: Weights, names: readonly string[], threshold: number): Weights {
  const small = (value: number) => (Math.abs(value) <= threshold ? 0 : value)
  return new Map([...weights].map(([name, values]) => [name, names.includes(name) ? values.map(small) : values]))
}
