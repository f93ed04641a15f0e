/**
 * Gates on the channels of a network's convolutions (`ops/channel-gate.ts`). They are part of the graph, and so of its id, its
 * weights and its files: `resnet20-a+gate0.7` is resnet20-a with gates that keep 0.7 of the channels (ADR 0026).
 *
 * Where they stand follows the published networks (five-systems 4a-1): behind each convolution and its normalisation, and
 * the predictor looks at what the convolution reads. What a residual network carries along is not gated: neither its stem
 * nor its projections, only what a block adds to it.
 */
import { EspalierError } from '../../shared/errors.ts'
import type { Graph, GraphNode, OpType, Parameter } from './model.ts'
import type { Gate } from './ops/channel-gate.ts'
import { inferShapes } from './shapes.ts'

const suffix = /^(.+)\+gate(\d.*)$/

/** The id of the network with gates; replaces those that it has. */
export const gatedId = (id: string, keep: number): string => `${ungated(id).id}+gate${keep}`

/** The network that an id is of, and what its gates keep; `keep` is absent where it has none. */
export function ungated(id: string): { readonly id: string; readonly keep?: number } {
  const [, base, share] = suffix.exec(id) ?? []
  const keep = Number(share)
  // One id a network: no `0.70`.
  return base !== undefined && String(keep) === share && keep > 0 && keep <= 1 ? { id: base, keep } : { id }
}

/** Throws `model.invalid` where there is nothing to gate. */
export function gateGraph(graph: Graph, gate: Gate): Graph {
  const sites = new Map(gateSites(graph).map(site => [site.gated, site]))
  if (sites.size === 0)
    throw new EspalierError({
      code: 'model.invalid',
      message: 'The network has no convolution whose channels could be gated.',
      rule: 'Gates stand behind convolutions.',
    })
  const shapes = inferShapes(graph)
  const parameters: Record<string, Parameter> = {}
  const renamed = (name: string) => (sites.has(name) ? nameOf(sites.get(name)!) : name)
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    for (const name of node.inputs) if (graph.parameters[name]) parameters[name] = graph.parameters[name]
    const [output] = node.outputs
    const site = sites.get(output!)
    const moved = { ...node, inputs: node.inputs.map(renamed) }
    if (!site) return [moved]
    const name = nameOf(site)
    const channels = shapes.get(output!)![0]!
    parameters[`${name}.weight`] = { role: 'gate', dims: [channels, shapes.get(site.source)![0]!] }
    parameters[`${name}.bias`] = { role: 'bias', dims: [channels] }
    const inputs = [output!, renamed(site.source), `${name}.weight`, `${name}.bias`]
    return [moved, { name, op: 'ChannelGate', inputs, outputs: [name], attributes: { ...gate } }]
  })
  return { ...graph, output: { ...graph.output, name: renamed(graph.output.name) }, nodes, parameters }
}

interface Site {
  readonly convolution: GraphNode
  /** The value whose channels are gated. */
  readonly gated: string
  /** The value that the predictor looks at. */
  readonly source: string
}

const nameOf = ({ convolution }: Site) => `${convolution.name}.gate`

/** Ops through which the channels of a value go one by one. */
const alongChannels: readonly OpType[] = [
  'BatchNormalization',
  'Relu',
  'MaxPool',
  'AveragePool',
  'Slice',
  'Pad',
  'Dropout',
]

function gateSites({ nodes }: Graph): Site[] {
  const readers = (value: string) => nodes.filter(({ inputs }) => inputs.includes(value))
  /** Convolutions on the longest way from the input to each value. */
  const depths = new Map<string, number>()
  for (const { op, inputs, outputs } of nodes)
    depths.set(outputs[0]!, Math.max(...inputs.map(name => depths.get(name) ?? 0)) + Number(op === 'Conv'))

  /** Whether an addition reads the value, perhaps along its channels, as what is carried along. */
  const isCarried = (value: string): boolean =>
    readers(value).some(({ op, inputs, outputs }) => {
      if (op === 'Add') return inputs.some(other => depths.get(other)! > depths.get(value)!)
      return alongChannels.includes(op) && isCarried(outputs[0]!)
    })

  return nodes.flatMap(convolution => {
    if (convolution.op !== 'Conv') return []
    const [output] = convolution.outputs
    const [reader, ...others] = readers(output!)
    const isNormalised = reader?.op === 'BatchNormalization' && others.length === 0
    const gated = isNormalised ? reader.outputs[0]! : output!
    return isCarried(gated) ? [] : [{ convolution, gated, source: convolution.inputs[0]! }]
  })
}
