/**
 * Parameters and MACs. "FLOPs" of the papers are multiply-accumulates of kernels (convolutions, fully connected
 * and recurrent layers), for one sample (five-systems, section 0.3). Parameters are the trainable ones: running statistics do not count.
 */
import { type Dims, elementCount } from './dims.ts'
import type { Graph, GraphNode, OpType, Parameter, ParameterRole } from './model.ts'
import { ruleOf } from './ops.ts'
import { inferShapes, nodeInputs } from './shapes.ts'

export interface LayerCost {
  /** The node's name. */
  readonly name: string
  readonly op: OpType
  /** Of its first input and its output, without batch. */
  readonly inputDims: Dims
  readonly outputDims: Dims
  /** Trainable parameters. */
  readonly parameters: number
  readonly macs: number
  /** The kernel that pruning may touch. A node has at most one. */
  readonly kernel?: { readonly name: string; readonly dims: Dims }
}

export interface GraphCost {
  /** One entry a node, in forward order. */
  readonly layers: readonly LayerCost[]
  readonly parameters: number
  /** Weights of convolutions, fully connected and recurrent layers, without biases. */
  readonly prunable: number
  /** Gammas and betas. */
  readonly batchNorm: number
  readonly macs: number
}

const statistics: readonly ParameterRole[] = ['mean', 'variance']

export const isTrainable = (role: ParameterRole): boolean => !statistics.includes(role)

/** Names of all parameters but running statistics, in forward order. */
export const trainableParameters = (graph: Graph): string[] =>
  Object.entries(graph.parameters).flatMap(([name, { role }]) => (isTrainable(role) ? [name] : []))

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

function countParameters(parameters: readonly Parameter[], counts: (role: ParameterRole) => boolean): number {
  return sum(parameters.filter(({ role }) => counts(role)).map(({ dims }) => elementCount(dims)))
}

/** Name of the kernel that a node uses, if it has one. */
const kernelOf = (graph: Graph, node: GraphNode): string | undefined =>
  node.inputs.find(name => graph.parameters[name]?.role === 'weight')

export interface PrunableLayer {
  /** The layer's name, such as `layer1.0.conv1`. */
  readonly name: string
  /** The name of its kernel, such as `layer1.0.conv1.weight`. */
  readonly kernel: string
}

/** The layers that pruning may touch, in forward order: every one with a kernel, first and last included (five-systems 2a). */
export function prunableLayers(graph: Graph): PrunableLayer[] {
  return graph.nodes.flatMap(node => {
    const kernel = kernelOf(graph, node)
    return kernel ? [{ name: node.name, kernel }] : []
  })
}

/** Names of the kernels of the prunable layers, in forward order. */
export const prunableParameters = (graph: Graph): string[] => prunableLayers(graph).map(({ kernel }) => kernel)

export function graphCost(graph: Graph): GraphCost {
  const shapes = inferShapes(graph)
  const layers = graph.nodes.map((node): LayerCost => {
    const { values, parameters } = nodeInputs(graph, node, shapes)
    const outputDims = shapes.get(node.outputs[0]!)!
    const kernel = kernelOf(graph, node)
    return {
      name: node.name,
      op: node.op,
      inputDims: values[0]!,
      outputDims,
      parameters: countParameters(
        node.inputs.flatMap(name => graph.parameters[name] ?? []),
        isTrainable,
      ),
      macs: ruleOf(node.op).macs?.(outputDims, parameters, values) ?? 0,
      ...(kernel && { kernel: { name: kernel, dims: graph.parameters[kernel]!.dims } }),
    }
  })
  const all = Object.values(graph.parameters)
  return {
    layers,
    parameters: countParameters(all, isTrainable),
    prunable: countParameters(all, role => role === 'weight'),
    batchNorm: countParameters(all, role => role === 'gamma' || role === 'beta'),
    macs: sum(layers.map(({ macs }) => macs)),
  }
}

/**
 * MACs whose weight is not zero: each layer's share of nonzero weights times its MACs, because every weight of a
 * layer is used equally often. `zeros` counts the zero weights by layer name.
 */
export function nonzeroMacs(layers: readonly LayerCost[], zeros: ReadonlyMap<string, number>): number {
  return sum(
    layers.map(({ name, macs, kernel }) => {
      if (!kernel) return macs
      const weights = elementCount(kernel.dims)
      return (macs / weights) * (weights - (zeros.get(name) ?? 0))
    }),
  )
}
