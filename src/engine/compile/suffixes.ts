/**
 * What has to be computed again when one layer changes: the steps of the folded forward pass that its output reaches.
 * Everything else stays as it was, and the values that those steps read of it are computed once and given.
 */
import { graphCost, prunableLayers } from '../../core/graph/cost.ts'
import type { Graph } from '../../core/graph/model.ts'
import { foldableNorms } from './fold.ts'

/** One op of the pass as it is computed, a convolution with the normalisation behind it as one. */
interface Step {
  /** The node's name; of a folded pair the convolution's. */
  readonly name: string
  /** Values, not parameters. */
  readonly reads: readonly string[]
  readonly writes: string
  readonly macs: number
}

/** Of one prunable layer. */
export interface Suffix {
  readonly name: string
  readonly kernel: string
  /** Values from which everything from this layer on can be computed. */
  readonly state: readonly string[]
  /** Values that do not depend on the layer and are read by something that does. */
  readonly inputs: readonly string[]
  /** MACs of what depends on the layer, itself included. */
  readonly macs: number
}

function foldedSteps(graph: Graph): Step[] {
  const norms = foldableNorms(graph)
  const folded = new Set([...norms.values()].map(({ name }) => name))
  const macs = new Map(graphCost(graph).layers.map(layer => [layer.name, layer.macs]))
  return graph.nodes.flatMap(node => {
    if (folded.has(node.name)) return []
    const reads = node.inputs.filter(name => graph.parameters[name] === undefined)
    const writes = (norms.get(node.name) ?? node).outputs[0]!
    return [{ name: node.name, reads, writes, macs: macs.get(node.name)! }]
  })
}

/** One for each prunable layer, in forward order. The graph's output is no input of any. */
export function suffixes(graph: Graph): Suffix[] {
  const steps = foldedSteps(graph)
  const unique = (names: readonly string[]) => [...new Set(names)]
  return prunableLayers(graph).map(({ name, kernel }) => {
    const at = steps.findIndex(step => step.name === name)
    const before = new Set([graph.input.name, ...steps.slice(0, at).map(({ writes }) => writes)])
    const state = steps.slice(at).flatMap(({ reads }) => reads.filter(value => before.has(value)))
    const changed = new Set<string>()
    const affected = steps.slice(at).filter((step, i) => {
      const isAffected = i === 0 || step.reads.some(value => changed.has(value))
      if (isAffected) changed.add(step.writes)
      return isAffected
    })
    return {
      name,
      kernel,
      state: unique(state),
      inputs: unique(affected.flatMap(({ reads }) => reads.filter(value => !changed.has(value)))),
      macs: affected.reduce((sum, step) => sum + step.macs, 0),
    }
  })
}
