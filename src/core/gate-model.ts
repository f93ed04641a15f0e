import { architectureOf } from './architectures.ts'
import { gatedId, ungated } from './graph/gates.ts'
import type { Model } from './graph/model.ts'
import { initialiseGates } from './initialise.ts'

/**
 * The model with gates that keep the share `keep` of the channels. Gates that it has stay as they are trained; new ones are
 * drawn by `seed`. Throws `model.invalid` where there is nothing to gate.
 */
export function gateModel(model: Model, keep: number, seed: number): Model {
  if (ungated(model.architecture).keep === keep) return model
  const architecture = gatedId(model.architecture, keep)
  const { input, output } = model.graph
  const graph = architectureOf(architecture, { classes: output.dims[0]!, inputDims: input.dims })
  const all = new Map([...initialiseGates(graph, seed), ...model.weights])
  const weights = new Map(Object.keys(graph.parameters).map(name => [name, all.get(name)!]))
  return { ...model, architecture, graph, weights }
}
