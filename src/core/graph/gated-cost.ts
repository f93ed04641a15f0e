/**
 * MACs of a network whose gates are closed for the channels that they do not keep (five-systems 4a-1): a convolution needs
 * not compute a channel that is closed behind it, nor read one that was closed before it. The predictors' own are counted.
 */
import { graphCost } from './cost.ts'
import { elementCount } from './dims.ts'
import type { Graph, GraphNode, OpType } from './model.ts'
import { gateOf, openChannels } from './ops/channel-gate.ts'
import { inferShapes } from './shapes.ts'

/** Ops that leave a channel of zeros zero. */
const keepsZeros: readonly OpType[] = ['Relu', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'Slice', 'Pad', 'Dropout']

/** For one sample; all of them where there are no gates. */
export function gatedMacs(graph: Graph): number {
  const shapes = inferShapes(graph)
  const channelsOf = (value: string) => shapes.get(value)![0]!
  const gates = graph.nodes.filter(({ op }) => op === 'ChannelGate')
  /** Channels that are not zero for every sample whatever is open: [C, H, W] and, once flattened, features. */
  const live = new Map([[graph.input.name, channelsOf(graph.input.name)]])
  const liveOf = (value: string) => live.get(value) ?? channelsOf(value)
  for (const node of graph.nodes) {
    const [input, output] = [node.inputs[0]!, node.outputs[0]!]
    const count = liveChannels(node, input)
    if (count !== undefined) live.set(output, count)
  }

  function liveChannels({ op, inputs, attributes, outputs, name }: GraphNode, input: string): number | undefined {
    if (op === 'ChannelGate')
      return openChannels(gateOf({ op, inputs, attributes, outputs, name }).keep, channelsOf(input))
    if (keepsZeros.includes(op)) return liveOf(input)
    if (op === 'Flatten') return liveOf(input) * elementCount(shapes.get(input)!.slice(1))
    if (op === 'Concat') return inputs.reduce((sum, value) => sum + liveOf(value), 0)
    return undefined
  }

  /** Channels of a convolution's output that a gate behind it, or behind its normalisation, leaves open. */
  function openOf(output: string): number {
    const readers = graph.nodes.filter(({ inputs }) => inputs[0] === output)
    const norm = readers.find(({ op }) => op === 'BatchNormalization')
    const gate = gates.find(({ inputs }) => inputs[0] === output || inputs[0] === norm?.outputs[0])
    return gate ? liveOf(gate.outputs[0]!) : channelsOf(output)
  }

  const { layers } = graphCost(graph)
  return layers.reduce((sum, { macs }, i) => {
    const node = graph.nodes[i]!
    const [input, output] = [node.inputs[0]!, node.outputs[0]!]
    const read = liveOf(input) / channelsOf(input)
    if (node.op === 'Gemm') return sum + macs * read
    if (node.op !== 'Conv') return sum + macs
    const made = openOf(output) / channelsOf(output)
    // Of a group only one of the two counts: which of its channels meet is not known beforehand.
    return sum + macs * (node.attributes['group'] === 1 ? read * made : Math.min(read, made))
  }, 0)
}
