/** Counting zeros. The denominator is always the prunable weights: convolution and linear kernels, the last one included. */
import type { LayerSparsity } from '../../shared/stage.ts'
import { prunableLayers } from '../graph/cost.ts'
import type { Graph, Weights } from '../graph/model.ts'

export function countZeros(values: Float32Array): number {
  let zeros = 0
  for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++
  return zeros
}

/** Zero weights of each prunable layer, counted. */
export function layerSparsity(graph: Graph, weights: Weights): LayerSparsity[] {
  return prunableLayers(graph).map(({ name, kernel }) => {
    const values = weights.get(kernel)!
    return { name, weights: values.length, zeros: countZeros(values) }
  })
}
