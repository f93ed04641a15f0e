/**
 * The part of a network that a client of a smaller width trains (HeteroFL: Diao, Ding and Tarokh 2021, section 3): the first
 * ceil(width C) channels of every layer, and of each weight what joins two of them. The input and the logits are whole.
 *
 * Channels that a shortcut without weights carries on (option A of the CIFAR residual networks) stay part of it, wherever
 * its zeros put them.
 */
import { EspalierError } from '../../shared/errors.ts'
import { elementCount } from '../graph/dims.ts'
import type { Graph, GraphNode, Masks, OpType } from '../graph/model.ts'
import { inferShapes } from '../graph/shapes.ts'

/** 1 = held, of the channels of a value: of its first dimension. */
type Held = Uint8Array

interface At {
  readonly node: GraphNode
  readonly width: number
  /** Of each value that the node reads. */
  readonly held: readonly Held[]
  /** Elements of a channel of the first of them. */
  readonly perChannel: number
  readonly isOutput: boolean
  /** Dims of its parameter at this place, after the values; undefined where there is none. */
  readonly dims: (place: number) => readonly number[] | undefined
  /** Says which entries of the parameter at this place are held. */
  readonly hold: (place: number, isHeld: (index: number) => boolean) => void
}

/** What of the output is held. */
type Rule = (at: At) => Held

const all = (size: number): Held => new Uint8Array(size).fill(1)

function first(width: number, size: number): Held {
  // The widths of clients are sums of floating point numbers: 0.30000000000000004 of 10 channels are 3.
  return new Uint8Array(size).fill(1, 0, Math.max(1, Math.ceil(width * size - 1e-9)))
}

const same: Rule = ({ held }) => held[0]!

const convolution: Rule = ({ node, width, held, dims, hold }) => {
  const [out, inGroup, ...window] = dims(0) as [number, number, ...number[]]
  const groups = Number(node.attributes['group'] ?? 1)
  const reads = (channel: number, i: number) => held[0]![Math.floor((channel * groups) / out) * inGroup + i] === 1
  const usual = first(width, out)
  // A filter of a group has nothing to work on where none of its channels is held, and goes with them where it has one.
  const own =
    groups === 1
      ? usual
      : usual.map((_, channel) => Number(Array.from({ length: inGroup }, (_, i) => reads(channel, i)).some(Boolean)))
  const area = elementCount(window)
  hold(0, index => {
    const channel = Math.floor(index / (inGroup * area))
    return own[channel] === 1 && reads(channel, Math.floor(index / area) % inGroup)
  })
  hold(1, channel => own[channel] === 1)
  return own
}

const linear: Rule = ({ width, held, isOutput, dims, hold }) => {
  const [out, features] = dims(0) as [number, number]
  const own = isOutput ? all(out) : first(width, out)
  hold(0, index => own[Math.floor(index / features)] === 1 && held[0]![index % features] === 1)
  hold(1, channel => own[channel] === 1)
  return own
}

const normalisation: Rule = ({ held, hold }) => {
  for (let place = 0; place < 4; place++) hold(place, channel => held[0]![channel] === 1)
  return held[0]!
}

const sum: Rule = ({ held: [one, ...others] }) => one!.map((own, i) => Math.max(own, ...others.map(other => other[i]!)))

const joined: Rule = ({ node, held }) =>
  node.attributes['axis'] === undefined || node.attributes['axis'] === 1
    ? Uint8Array.from(held.flatMap(one => [...one]))
    : held[0]!

const padded: Rule = ({ node, held: [own] }) => {
  const pads = node.attributes['pads'] as readonly number[]
  const after = pads[pads.length / 2 + 1]!
  return Uint8Array.from([...new Uint8Array(pads[1]!), ...own!, ...new Uint8Array(after)])
}

const flattened: Rule = ({ held: [own], perChannel }) =>
  Uint8Array.from({ length: own!.length * perChannel }, (_, i) => own![Math.floor(i / perChannel)]!)

const rules: Readonly<Partial<Record<OpType, Rule>>> = {
  Conv: convolution,
  Gemm: linear,
  BatchNormalization: normalisation,
  Add: sum,
  Concat: joined,
  Pad: padded,
  Flatten: flattened,
  Relu: same,
  Dropout: same,
  MaxPool: same,
  AveragePool: same,
  GlobalAveragePool: same,
  Slice: same,
}

/**
 * 1 = held, of every parameter, running statistics too. `width` in (0, 1]; at 1 it is all of it. Throws `model.invalid` where
 * the network has an op that has no channels to leave out.
 */
export function narrowPart(graph: Graph, width: number): Masks {
  const parts = new Map<string, Uint8Array>()
  const shapes = inferShapes(graph)
  const channels = new Map<string, Held>([[graph.input.name, all(graph.input.dims[0]!)]])
  for (const node of graph.nodes) {
    const rule = rules[node.op]
    if (!rule || (node.op === 'Slice' && (node.attributes['axes'] as readonly number[]).includes(1)))
      throw new EspalierError({
        code: 'model.invalid',
        message: `The network has no narrower form: "${node.name}" is a ${node.op}${rule ? ' of channels' : ''}.`,
        rule: 'A narrower client has the first channels of every convolution and fully connected layer.',
        hint: 'Leave heterogeneity.narrowest out, or choose a network of convolutions without gates.',
      })
    const values = node.inputs.filter(name => channels.has(name))
    const parameter = (place: number) => node.inputs[values.length + place]
    const dims = (place: number) => graph.parameters[parameter(place) ?? '']?.dims
    const own = rule({
      node,
      width,
      held: values.map(name => channels.get(name)!),
      perChannel: elementCount(shapes.get(values[0]!)!.slice(1)),
      isOutput: node.outputs[0] === graph.output.name,
      dims,
      hold(place, isHeld) {
        const name = parameter(place)
        if (name !== undefined)
          parts.set(
            name,
            Uint8Array.from({ length: elementCount(dims(place)!) }, (_, i) => Number(isHeld(i))),
          )
      },
    })
    channels.set(node.outputs[0]!, own)
  }
  return parts
}

/** The held entries one behind the other. */
export const gather = (values: Float32Array, part: Uint8Array): Float32Array => values.filter((_, i) => part[i] === 1)

/** Held entries where they belong, and 0 elsewhere. */
export function scatter(held: Float32Array, part: Uint8Array): Float32Array {
  let place = 0
  return Float32Array.from(part, isHeld => (isHeld === 1 ? held[place++]! : 0))
}
