/** Small networks to prune: chains of fully connected layers. */
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import { prunableLayers } from '../../../src/core/graph/cost.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { type DistortionRequest, zeroedCounts } from '../../../src/core/pruning/curves.ts'
import { createRandom } from '../../../src/core/random.ts'
import { randomWeights } from './brute-force.ts'

/** A chain of the given widths, with the given kernels (fresh ones without). */
export function chain(widths: number[], kernels?: Float32Array[]): Model {
  const g = new GraphBuilder([widths[0]!])
  const output = widths.slice(1).reduce((x, out, i) => g.gemm(`fc${i}`, x, { out }), g.input)
  const graph = g.build(output)
  const weights = new Map(initialise(graph, 0))
  for (const [i, kernel] of kernels?.entries() ?? []) weights.set(`fc${i}.weight`, kernel)
  return { architecture: 'chain', graph, weights, masks: new Map() }
}

/** 1 to 4 layers of at most 36 weights of any kind. */
export function randomChain(seed: number): Model {
  const random = createRandom(seed)
  const widths = Array.from({ length: 2 + random.below(4) }, () => 1 + random.below(6))
  return chain(
    widths,
    widths.slice(1).map((out, i) => randomWeights(random, out * widths[i]!, 0)),
  )
}

export const kernelsOf = ({ graph, weights }: Model) => prunableLayers(graph).map(({ kernel }) => weights.get(kernel)!)

/** The masks as the model means them: an absent one keeps everything. */
export const masksOf = ({ graph, weights, masks }: Model) =>
  prunableLayers(graph).map(({ kernel }) => masks.get(kernel) ?? new Uint8Array(weights.get(kernel)!.length).fill(1))

/** What happens to the output is taken to be the squares of the weights that go, each relative to its layer. */
export function squaresOf(model: Model): DistortionRequest {
  const fractions = Array.from({ length: 11 }, (_, i) => i / 10)
  const curves = prunableLayers(model.graph).map(({ name, kernel }) => {
    const largest = Math.max(...model.weights.get(kernel)!.map(Math.abs)) || 1
    const squares = [...model.weights.get(kernel)!].map(weight => (weight / largest) ** 2).sort((a, b) => a - b)
    const zeroed = zeroedCounts(fractions, squares.length)
    const mean = zeroed.map(count => squares.slice(0, count).reduce((sum, square) => sum + square, 0))
    return { name, weights: squares.length, fractions, zeroed, mean, worst: mean.map(value => 2 * value) }
  })
  return { curves, curve: 'mean', monotone: false, budget: 'weights' }
}
