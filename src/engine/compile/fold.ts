/**
 * Batch normalisation with running statistics is a scale and a shift for each channel, so the convolution in front of
 * it can do both: BN(w * x + b) = (w s) * x + (beta + (b - mean) s) with s = gamma / sqrt(variance + epsilon). The
 * folded kernel is computed in the graph from the model's own variables whenever it is needed: there is no copy that
 * could be out of date, and beside the convolution it costs nothing.
 */
import type { Graph, GraphNode } from '../../core/graph/model.ts'
import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'
import { epsilonOf } from '../tensorflow/ops/batch-normalization.ts'

/** The batch normalisation behind each convolution whose output nothing else reads, by the convolution's name. */
export function foldableNorms(model: Graph): Map<string, GraphNode> {
  const readers = new Map<string, GraphNode[]>()
  for (const node of model.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node])
  const norms = new Map<string, GraphNode>()
  for (const node of model.nodes) {
    const [output] = node.outputs
    const [reader, ...others] = readers.get(output!) ?? []
    const isOnly = others.length === 0 && output !== model.output.name
    if (node.op === 'Conv' && reader?.op === 'BatchNormalization' && isOnly) norms.set(node.name, reader)
  }
  return norms
}

/** Kernel (HWIO: output channels last) and bias that do the convolution and the normalisation behind it. */
export function foldNorm(
  graph: GraphWriter,
  norm: GraphNode,
  parameters: ReadonlyMap<string, Output>,
  kernel: Output,
  bias: Output | undefined,
): [Output, Output] {
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map(name => parameters.get(name)!)
  const shifted = graph.binary('AddV2', variance!, graph.floats([epsilonOf(norm)], []))
  const inverse = graph.unary('Rsqrt', shifted)
  const scale = graph.binary('Mul', gamma!, inverse)
  const centre = bias ? graph.binary('Sub', bias, mean!) : graph.unary('Neg', mean!)
  return [graph.binary('Mul', kernel, scale), graph.binary('AddV2', beta!, graph.binary('Mul', centre, scale))]
}
