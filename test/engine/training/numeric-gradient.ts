/** An op in training mode on its own, and its gradients by finite differences. */
import { type Dims, elementCount } from '../../../src/core/graph/dims.ts'
import type { Attribute, GraphNode, OpType, ParameterRole } from '../../../src/core/graph/model.ts'
import { inferShapes } from '../../../src/core/graph/shapes.ts'
import { createRandom } from '../../../src/core/random.ts'
import { tensorflowDims } from '../../../src/engine/compile/layout.ts'
import type { Engine } from '../../../src/engine/runtime/load.ts'
import { GraphWriter, type Output } from '../../../src/engine/tensorflow/graph-writer.ts'
import { tensorflowOps } from '../../../src/engine/tensorflow/ops.ts'
import { type Feed, Session } from '../../../src/engine/tensorflow/session.ts'

export interface GradientCase {
  readonly op: OpType
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** ONNX dims without batch. */
  readonly values: readonly Dims[]
  readonly parameters?: readonly { readonly role: ParameterRole; readonly dims: Dims }[]
  /** Step of the differences. An op that is linear in each of its inputs allows a large one, and so a precise answer. */
  readonly step?: number
  /** Entries of an input: spread(n) gives n values. Standard normal where absent. */
  readonly entries?: (count: number, seed: number) => Float32Array
}

export const normals = (count: number, seed: number) => {
  const random = createRandom(seed)
  return Float32Array.from({ length: count }, () => random.normal())
}

/**
 * A permutation of numbers .08 apart, none nearer to 0 than .04: a small step crosses no kink and changes no maximum, and
 * up to 400 of them are different in bfloat16 too.
 */
export const apart = (count: number, seed: number) => {
  const random = createRandom(seed)
  const order = Array.from({ length: count }, (_, i) => ({ i, key: random.uniform() })).sort((a, b) => a.key - b.key)
  return Float32Array.from(order, ({ i }) => 0.08 * (i - Math.floor(count / 2)) + 0.04)
}

const batch = 3

export interface OpRun {
  /** Inputs that have a gradient, by index, with it. */
  readonly gradients: ReadonlyMap<number, Float32Array>
  /** The same by central differences, at `entries` places. */
  readonly differences: ReadonlyMap<number, ReadonlyMap<number, number>>
}

/** Gradients of sum(y r), r random, in TensorFlow's layout. */
export function runGradient(
  engine: Engine,
  opCase: GradientCase,
  type: 'float32' | 'bfloat16' = 'float32',
  entries = 25,
): OpRun {
  const { op, attributes = {}, values, parameters = [], step = 0.5, entries: spread = normals } = opCase
  const names = [...values.map((_, i) => `x${i}`), ...parameters.map((_, i) => `p${i}`)]
  const node: GraphNode = { name: 'op', op, inputs: names, outputs: ['y'], attributes }
  const outputDims = outputDimsOf(opCase, node)
  const writer = new GraphWriter(engine.protos)
  const shapes = [
    ...values.map(dims => [-1, ...(dims.length === 3 ? [dims[1]!, dims[2]!, dims[0]!] : dims)]),
    ...parameters.map(tensorflowDims),
  ]
  const feeds = names.map((name, i) => writer.placeholder(name, 'float32', shapes[i]!))
  const inputs = feeds.map((feed, i) => (i < values.length ? writer.as(feed, type) : feed))
  const inputDims = [...values, ...parameters.map(({ dims }) => dims)]
  const seed = () => writer.ints([7, 9])
  const { output, gradient } = tensorflowOps[op].train({ graph: writer, node, inputDims, outputDims, seed }, inputs)
  const factors = writer.placeholder('r', 'float32', [
    -1,
    ...(outputDims.length === 3 ? [...outputDims.slice(1), outputDims[0]!] : outputDims),
  ])
  const isDifferentiable = (i: number) => !['mean', 'variance'].includes(parameters[i - values.length]?.role ?? '')
  const written = gradient(
    writer.as(factors, output.type),
    names.map((_, i) => isDifferentiable(i)),
  )
  const wanted = names.flatMap((_, i) => (isDifferentiable(i) ? [i] : []))
  for (const i of wanted)
    if (written[i]?.type !== inputs[i]!.type) throw new Error(`the gradient of input ${i} has another type`)
  const fetched = (value: Output) => identity(writer, writer.as(value, 'float32'))
  const outputs = wanted.map(i => fetched(written[i]!))
  const y = fetched(output)
  const session = new Session(engine, writer)
  try {
    const data = shapes.map((shape, i) => {
      const count = elementCount(shape.map(size => (size === -1 ? batch : size)))
      return parameters[i - values.length]?.role === 'variance' ? new Float32Array(count).fill(1) : spread(count, i + 1)
    })
    const inputFeeds = (changed = -1, values?: Float32Array): Feed[] =>
      feeds.map((to, i) => {
        return {
          to,
          shape: shapes[i]!.map(size => (size === -1 ? batch : size)),
          values: i === changed ? values! : data[i]!,
        }
      })
    const r = normals(batch * elementCount(outputDims), 99)
    const factorFeed = {
      to: factors,
      shape: [batch, ...(outputDims.length === 3 ? [...outputDims.slice(1), outputDims[0]!] : outputDims)],
      values: r,
    }
    const results = session.run([...inputFeeds(), factorFeed], outputs)
    const loss = (changed: number, values: Float32Array) => {
      const [value] = session.run(inputFeeds(changed, values), [y])
      return r.reduce((sum, factor, i) => sum + factor * value!.values[i]!, 0)
    }
    const random = createRandom(5)
    const differences = new Map(
      wanted.map(i => {
        const places =
          data[i]!.length <= entries
            ? [...data[i]!.keys()]
            : Array.from({ length: entries }, () => random.below(data[i]!.length))
        const moved = (place: number, by: number) => data[i]!.with(place, data[i]![place]! + by)
        return [i, new Map(places.map(at => [at, (loss(i, moved(at, step)) - loss(i, moved(at, -step))) / (2 * step)]))]
      }),
    )
    return { gradients: new Map(wanted.map((i, k) => [i, results[k]!.values as Float32Array])), differences }
  } finally {
    session.dispose()
  }
}

/** What is fed cannot be fetched, and some ops pass on what they get. */
const identity = (writer: GraphWriter, x: Output) =>
  writer.node('Identity', [x], x.type, { attributes: { T: { type: x.type } } })

function outputDimsOf({ values, parameters = [] }: GradientCase, node: GraphNode): Dims {
  // Shape inference knows one graph input: the other values come from ops that change nothing.
  const pads = (dims: Dims) => Array(2 * (dims.length + 1)).fill(0)
  const sources = values.map((dims, i): { node: GraphNode; dims: Dims } => {
    return {
      dims,
      node: { name: `s${i}`, op: 'Pad', inputs: ['x0'], outputs: [`x${i}`], attributes: { pads: pads(dims) } },
    }
  })
  const shapes = inferShapes({
    input: { name: 'x0', dims: values[0]! },
    output: { name: 'y', dims: [] },
    nodes: [...sources.slice(1).map(source => widened(source, values[0]!)), node],
    parameters: Object.fromEntries(parameters.map((parameter, i) => [`p${i}`, parameter])),
  })
  return shapes.get('y')!
}

/** A node that makes a value of `dims` of the first one. */
function widened({ node, dims }: { node: GraphNode; dims: Dims }, from: Dims): GraphNode {
  const ends = dims.map((size, axis) => size - from[axis]!)
  return { ...node, attributes: { pads: [0, ...dims.map(() => 0), 0, ...ends] } }
}
