/** Shape inference, which is also the validation of a graph: one walk in execution order. */
import { EspalierError } from '../../shared/errors.ts'
import { type Dims, formatDims, sameDims } from './dims.ts'
import type { Graph, GraphNode } from './model.ts'
import { invalidNode, type OpRule } from './op-rule.ts'
import { opRules, ruleOf } from './ops.ts'

/** Dims of the values and of the parameters that a node reads, after checking that they are there and of the right kind. */
export function nodeInputs(
  graph: Graph,
  node: GraphNode,
  shapes: ReadonlyMap<string, Dims>,
): { values: Dims[]; parameters: Dims[] } {
  const rule: OpRule = ruleOf(node.op)
  const valueCount = rule.values === 'many' ? Math.max(1, node.inputs.length) : rule.values
  const given = node.inputs.length - valueCount
  if (given < rule.required || given > rule.parameters.length)
    throw invalidNode(node, `has ${node.inputs.length} inputs, its op takes ${valueCount + rule.required} or more`)
  const values = node.inputs.slice(0, valueCount).map(name => {
    const dims = shapes.get(name)
    if (!dims) throw invalidNode(node, `reads "${name}", which no earlier node makes`)
    return dims
  })
  const parameters = node.inputs.slice(valueCount).map((name, i) => {
    const parameter = graph.parameters[name]
    if (!parameter) throw invalidNode(node, `uses the parameter "${name}", which the graph does not have`)
    if (parameter.role !== rule.parameters[i])
      throw invalidNode(node, `uses "${name}" as ${rule.parameters[i]}, but it is declared as ${parameter.role}`)
    return parameter.dims
  })
  return { values, parameters }
}

/** Dims without batch of every value, by name, the graph's input included. Throws `model.invalid` naming the node. */
export function inferShapes(graph: Graph): Map<string, Dims> {
  const shapes = new Map<string, Dims>([[graph.input.name, graph.input.dims]])
  const names = new Set<string>()
  for (const node of graph.nodes) {
    if (!Object.hasOwn(opRules, node.op)) throw invalidNode(node, 'this op is not supported')
    if (names.has(node.name)) throw invalidNode(node, 'another node has the same name')
    names.add(node.name)
    const rule = ruleOf(node.op)
    const unknown = Object.keys(node.attributes).find(key => !rule.attributes.includes(key))
    if (unknown) throw invalidNode(node, `the attribute "${unknown}" is not supported`)
    const { values, parameters } = nodeInputs(graph, node, shapes)
    const [output] = node.outputs
    if (output === undefined || node.outputs.length !== 1) throw invalidNode(node, 'must have one output')
    if (shapes.has(output) || graph.parameters[output]) throw invalidNode(node, `the name "${output}" is taken`)
    shapes.set(output, rule.outputDims(node, values, parameters))
  }
  return shapes
}

/**
 * Checks everything about a graph: its nodes, that each parameter is used by one of them, and that the output is what
 * it says. (A kernel of two nodes would have to be counted once as weights and twice as MACs; no network of ours has one.)
 */
export function validateGraph(graph: Graph): void {
  const shapes = inferShapes(graph)
  const used = new Set<string>()
  const problem = (text: string) =>
    new EspalierError({ code: 'model.invalid', message: text, rule: 'A graph must be complete and consistent.' })
  for (const { inputs } of graph.nodes) {
    const shared = inputs.find(name => graph.parameters[name] && used.has(name))
    if (shared) throw problem(`The parameter "${shared}" is used by two nodes, which is not supported.`)
    for (const name of inputs) used.add(name)
  }
  const idle = Object.keys(graph.parameters).find(name => !used.has(name))
  if (idle) throw problem(`The parameter "${idle}" is used by no node.`)
  const output = shapes.get(graph.output.name)
  if (!output) throw problem(`The output "${graph.output.name}" is made by no node.`)
  if (!sameDims(output, graph.output.dims))
    throw problem(
      `The output "${graph.output.name}" is ${formatDims(output)}, but it is declared as ${formatDims(graph.output.dims)}.`,
    )
}
