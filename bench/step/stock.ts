/**
 * The same network as a `LayersModel` of tfjs-node, trained with `trainOnBatch`: what a user of the package writes.
 * SGD with Nesterov momentum, without weight decay, which it does not have. Arguments: architecture, batch.
 */
import { architectureOf } from '../../src/core/architectures.ts'
import type { Graph, GraphNode } from '../../src/core/graph/model.ts'
import { loadEngine } from '../../src/engine/runtime/load.ts'
import type { Tensor } from '../../src/engine/runtime/tfjs.ts'
import { answer, randomBatch } from './worker.ts'

interface Layer {
  apply(value: unknown): unknown
}
type LayerMaker = (options: object) => Layer
/** The part of tfjs that is used here. */
interface Layers {
  readonly layers: Readonly<Record<string, LayerMaker>> & { readonly Layer: new (options: object) => Layer }
  input(options: { shape: readonly number[] }): unknown
  model(options: { inputs: unknown; outputs: unknown }): {
    compile(options: object): void
    trainOnBatch(x: Tensor, y: Tensor): Promise<number[]>
  }
  readonly train: { momentum(rate: number, momentum: number, nesterov: boolean): object }
  tidy<T>(run: () => T): T
  tensor(values: ArrayLike<number>, shape: readonly number[], type: string): Tensor
  tensor1d(values: readonly number[]): Tensor
  pad(x: Tensor, sizes: readonly (readonly number[])[]): Tensor
  div(a: Tensor, b: number | Tensor): Tensor
  sub(a: Tensor, b: Tensor): Tensor
}

const [id, batchText] = process.argv.slice(2)
const batch = Number(batchText)
const graph = architectureOf(id!)
const tf = (await loadEngine()).tf as unknown as Layers

/** The shortcut of option A has zeros for the channels that are new; tfjs has no layer for it. */
class PadChannels extends tf.layers.Layer {
  static readonly className = 'PadChannels'
  readonly #before: number
  readonly #after: number

  constructor(before: number, after: number) {
    super({})
    this.#before = before
    this.#after = after
  }

  computeOutputShape(shape: readonly number[]): number[] {
    return [...shape.slice(0, -1), shape.at(-1)! + this.#before + this.#after]
  }

  call(inputs: Tensor | readonly Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs
    return tf.pad(x, [
      [0, 0],
      [0, 0],
      [0, 0],
      [this.#before, this.#after],
    ])
  }
}

function layersModel({ input, output, nodes, parameters }: Graph) {
  const first = tf.input({ shape: [...input.dims.slice(1), input.dims[0]!] })
  const values = new Map<string, unknown>([[input.name, first]])
  for (const node of nodes) {
    const given = node.inputs.flatMap(name => (parameters[name] ? [] : [values.get(name)]))
    values.set(node.outputs[0]!, layerOf(node, given.length > 1 ? given : given[0]))
  }
  return tf.model({ inputs: first, outputs: values.get(output.name) })

  function layerOf(node: GraphNode, x: unknown): unknown {
    const make = (kind: string, options: object = {}) => tf.layers[kind]!(options).apply(x)
    const { strides, group, pads, steps } = node.attributes as Record<string, number[]>
    switch (node.op) {
      case 'Conv': {
        const [out, , ...kernelSize] = parameters[node.inputs[1]!]!.dims
        const isStrided = strides![0]! > 1 && kernelSize[0]! > 1
        const padded = isStrided ? tf.layers['zeroPadding2d']!({ padding: 1 }).apply(x) : x
        const options = { kernelSize, strides, padding: isStrided ? 'valid' : 'same', useBias: false }
        const kind = Number(group) > 1 ? 'depthwiseConv2d' : 'conv2d'
        return tf.layers[kind]!({ ...options, filters: out }).apply(padded)
      }
      case 'BatchNormalization':
        return make('batchNormalization', { momentum: 0.9, epsilon: 1e-5 })
      case 'Relu':
        return make('reLU')
      case 'Add':
        return make('add')
      case 'Slice':
        return make('averagePooling2d', { poolSize: 1, strides: steps })
      case 'Pad':
        return new PadChannels(pads![1]!, pads![5]!).apply(x)
      case 'GlobalAveragePool':
        return make('globalAveragePooling2d')
      case 'Flatten':
        return x
      case 'Gemm':
        return make('dense', { units: parameters[node.inputs[1]!]!.dims[0], activation: 'softmax' })
      default:
        throw new Error(`no layer for ${node.op}`)
    }
  }
}

const model = layersModel(graph)
model.compile({
  optimizer: tf.train.momentum(0.01, 0.9, true),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
})
const { pixels, labels } = randomBatch(batch)
const [mean, std] = [tf.tensor1d([0.485, 0.456, 0.406]), tf.tensor1d([0.229, 0.224, 0.225])]
await answer(async () => {
  const x = tf.tidy(() => {
    const floats = tf.tensor(Float32Array.from(pixels), [batch, 32, 32, 3], 'float32')
    return tf.div(tf.sub(tf.div(floats, 255), mean), std)
  })
  const y = tf.tensor(Float32Array.from(labels), [batch, 1], 'float32')
  await model.trainOnBatch(x, y)
  x.dispose()
  y.dispose()
})
