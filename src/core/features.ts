/** Features of batch norm, and which of them are disabled (Frankle, Schwab and Morcos 2021, section 5). */
import type { FeatureCounts, NormStatistics } from '../shared/features.ts'
import type { Graph, Model, Weights } from './graph/model.ts'
import { histogram } from './statistics/histogram.ts'

export interface Norm {
  /** The layer's name, such as `layer1.0.bn1`. */
  readonly name: string
  /** Names of its parameters. */
  readonly gamma: string
  readonly beta: string
}

/** Every batch norm, in forward order. */
export const normsOf = (graph: Graph): Norm[] =>
  graph.nodes.flatMap(({ op, name, inputs }) =>
    op === 'BatchNormalization' ? [{ name, gamma: inputs[1]!, beta: inputs[2]! }] : [],
  )

/** undefined where the network has no batch norm. */
export function countFeatures(graph: Graph, weights: Weights, threshold: number): FeatureCounts | undefined {
  const layers = normsOf(graph).map(({ name, gamma }) => {
    const values = weights.get(gamma)!
    const disabled = values.reduce((count, value) => count + Number(Math.abs(value) < threshold), 0)
    return { name, features: values.length, disabled }
  })
  if (layers.length === 0) return
  const total = (key: 'features' | 'disabled') => layers.reduce((sum, layer) => sum + layer[key], 0)
  return { threshold, features: total('features'), disabled: total('disabled'), layers }
}

const bins = 24

/** Gammas and betas of every batch norm as histograms. */
export function normStatistics(graph: Graph, weights: Weights, threshold: number): NormStatistics[] {
  const norms = normsOf(graph)
  return (countFeatures(graph, weights, threshold)?.layers ?? []).map((layer, i) => ({
    ...layer,
    gamma: histogram(weights.get(norms[i]!.gamma)!, bins),
    beta: histogram(weights.get(norms[i]!.beta)!, bins),
  }))
}

/** The model with 0 for every gamma below the threshold: what is left of such a feature is its beta. */
export function disableFeatures(model: Model, threshold: number): Model {
  const weights = new Map(model.weights)
  for (const { gamma } of normsOf(model.graph))
    weights.set(
      gamma,
      weights.get(gamma)!.map(value => (Math.abs(value) < threshold ? 0 : value)),
    )
  return { ...model, weights }
}
