/** The forward pass of a Model's graph, written into a TensorFlow graph. */
import type { Dims } from '../../core/graph/dims.ts'
import type { Graph, GraphNode } from '../../core/graph/model.ts'
import { inferShapes } from '../../core/graph/shapes.ts'
import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'
import { tensorflowOps } from '../tensorflow/ops.ts'
import { foldableNorms, foldNorm } from './fold.ts'

export interface ForwardOptions {
  /** The normalised batch: NHWC, or [batch, features]. */
  readonly input: Output
  /** Parameters by name, in TensorFlow's layout. */
  readonly parameters: ReadonlyMap<string, Output>
  /**
   * Convolutions take over the batch normalisation behind them. It saves a pass over the activations, and the values
   * in between are then not computed.
   */
  readonly fold: boolean
}

/** Writes every node and returns every value by its name, the input's included. */
export function writeForward(graph: GraphWriter, model: Graph, options: ForwardOptions): Map<string, Output> {
  const shapes = inferShapes(model)
  const norms: ReadonlyMap<string, GraphNode> = options.fold ? foldableNorms(model) : new Map()
  const folded = new Set([...norms.values()].map(norm => norm.name))
  const values = new Map<string, Output>([[model.input.name, options.input]])
  for (const node of model.nodes) {
    if (folded.has(node.name)) continue
    const norm = norms.get(node.name)
    let inputs = node.inputs.map(name => values.get(name) ?? options.parameters.get(name)!)
    if (norm) inputs = [inputs[0]!, ...foldNorm(graph, norm, options.parameters, inputs[1]!, inputs[2])]
    const context = { graph, node, inputDims: node.inputs.map(dimsOf), outputDims: shapes.get(node.outputs[0]!)! }
    values.set((norm ?? node).outputs[0]!, tensorflowOps[node.op].forward(context, inputs))
  }
  return values

  function dimsOf(name: string): Dims {
    return shapes.get(name) ?? model.parameters[name]!.dims
  }
}
