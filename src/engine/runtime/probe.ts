/**
 * The doctor's probe: a process of its own that loads TensorFlow, runs the ops training is made of and compares
 * their results with plain JavaScript. If the library crashes, only this process is lost.
 * Sends one message, `ProbeResult`, to its parent.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ErrorData, toErrorData } from '../../shared/errors.ts'
import { type Engine, loadEngine } from './load.ts'
import { batchNorm, convolve, convolveBackward, matMul } from './reference.ts'
import type { OpAttribute, Tensor } from './tfjs.ts'

export interface Proof {
  readonly op: string
  /** Largest difference from the reference, relative to the largest value of the reference. */
  readonly error: number
  readonly passed: boolean
}

export type ProbeResult =
  | { readonly error: ErrorData }
  | {
      readonly tensorflowVersion: string
      readonly device: 'cpu' | 'gpu'
      readonly deviceName: string
      readonly folder: string
      readonly proofs: readonly Proof[]
      /** Tensors that were left in TensorFlow after all were disposed. */
      readonly leaked: number
    }

/** A GPU may round the factors of a product to 10 bits of mantissa (TF32). */
const tolerance = { cpu: 1e-4, gpu: 5e-3 }

const size = { batch: 2, height: 9, width: 7, inputs: 3, outputs: 5, kernel: 3 }
const imageShape = [size.batch, size.height, size.width, size.inputs]
const resultShape = [size.batch, size.height, size.width, size.outputs]
const kernelShape = [size.kernel, size.kernel, size.inputs, size.outputs]

export async function probe(): Promise<ProbeResult> {
  try {
    const engine = await loadEngine()
    const before = engine.binding.getNumOfTensors()
    const proofs = [...eagerProofs(engine), await graphProof(engine)]
    const leaked = engine.binding.getNumOfTensors() - before
    const { tensorflowVersion, device, deviceName, folder } = engine
    return { tensorflowVersion, device, deviceName, folder, proofs, leaked }
  } catch (error) {
    return { error: toErrorData(error) }
  }
}

function compare(engine: Engine, op: string, actual: ArrayLike<number>, expected: Float32Array): Proof {
  let [difference, largest] = [actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY, 0]
  expected.forEach((value, i) => {
    const distance = Math.abs((actual[i] ?? Number.NaN) - value)
    difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(difference, distance)
    largest = Math.max(largest, Math.abs(value))
  })
  const error = difference / largest
  return { op, error, passed: error <= tolerance[engine.device] }
}

/** Numbers in [-1, 1) that are the same everywhere. */
function numbers(shape: readonly number[], seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

function eagerProofs(engine: Engine): Proof[] {
  const { tf, backend, binding } = engine
  const kept: Tensor[] = []
  const floats = (values: Float32Array, shape: readonly number[]) => {
    const tensor = tf.tensor(values, shape, 'float32')
    kept.push(tensor)
    return tensor
  }
  const ints = (values: readonly number[]) => {
    const tensor = tf.tensor(Int32Array.from(values), [values.length], 'int32')
    kept.push(tensor)
    return tensor
  }
  const run = (op: string, attributes: OpAttribute[], inputs: Tensor[], outputs = 1) => {
    const results = backend.executeMultipleOutputs(op, attributes, inputs, outputs)
    kept.push(...results)
    return results[0]!.dataSync()
  }
  const type = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT })
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value })
  const text = (name: string, value: string): OpAttribute => ({ name, type: binding.TF_ATTR_STRING, value })
  const list = (name: string, value: number[]): OpAttribute => ({ name, type: binding.TF_ATTR_INT, value })
  const decimal = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_FLOAT, value })

  const [m, k, n] = [17, 33, 9]
  const [a, b] = [numbers([m, k], 1), numbers([k, n], 2)]
  const [x, w, dy] = [numbers(imageShape, 3), numbers(kernelShape, 4), numbers(resultShape, 5)]
  const [gamma, beta] = [numbers([size.inputs], 6), numbers([size.inputs], 7)]
  const [images, kernels, gradient] = [floats(x, imageShape), floats(w, kernelShape), floats(dy, resultShape)]
  const convolution = [
    type('T'),
    list('strides', [1, 1, 1, 1]),
    text('padding', 'SAME'),
    text('data_format', 'NHWC'),
    flag('use_cudnn_on_gpu', true),
    list('dilations', [1, 1, 1, 1]),
  ]
  const { dx, dw } = convolveBackward(x, w, dy, size)
  const empty = floats(new Float32Array(0), [0])
  try {
    return [
      compare(
        engine,
        'MatMul',
        run(
          'MatMul',
          [flag('transpose_a', false), flag('transpose_b', false), type('T')],
          [floats(a, [m, k]), floats(b, [k, n])],
        ),
        matMul(a, b, m, k, n),
      ),
      compare(engine, 'Conv2D', run('Conv2D', convolution, [images, kernels]), convolve(x, w, size)),
      compare(
        engine,
        'Conv2DBackpropInput',
        run('Conv2DBackpropInput', convolution, [ints(imageShape), kernels, gradient]),
        dx,
      ),
      compare(
        engine,
        'Conv2DBackpropFilter',
        run('Conv2DBackpropFilter', convolution, [images, ints(kernelShape), gradient]),
        dw,
      ),
      compare(
        engine,
        'FusedBatchNormV3',
        run(
          'FusedBatchNormV3',
          [
            type('T'),
            type('U'),
            decimal('epsilon', 1e-3),
            decimal('exponential_avg_factor', 1),
            text('data_format', 'NHWC'),
            flag('is_training', true),
          ],
          [images, floats(gamma, [size.inputs]), floats(beta, [size.inputs]), empty, empty],
          6,
        ),
        batchNorm(x, gamma, beta, 1e-3),
      ),
    ]
  } finally {
    for (const tensor of kept) tensor.dispose()
  }
}

/** The way training goes: a graph is written, loaded and run in TensorFlow's own session, fed with uint8. */
async function graphProof(engine: Engine): Promise<Proof> {
  const { protos, backend, binding } = engine
  const [FLOAT, UINT8] = [binding.TF_FLOAT, binding.TF_UINT8]
  const type = (value: number) => new protos.AttrValue().setType(value)
  const feed = new protos.NodeDef().setName('pixels').setOp('Placeholder')
  feed.getAttrMap().set('dtype', type(UINT8))
  const cast = new protos.NodeDef().setName('floats').setOp('Cast').setInputList(['pixels'])
  cast.getAttrMap().set('SrcT', type(UINT8))
  cast.getAttrMap().set('DstT', type(FLOAT))
  const square = new protos.NodeDef().setName('squares').setOp('Square').setInputList(['floats'])
  square.getAttrMap().set('T', type(FLOAT))
  const graph = new protos.GraphDef().setNodeList([feed, cast, square])
  graph.setVersions(new protos.VersionDef().setProducer(1882))
  const info = new protos.MetaGraphDef.MetaInfoDef()
  info.addTags('serve')
  const model = new protos.SavedModel().setSavedModelSchemaVersion(1)
  model.addMetaGraphs(new protos.MetaGraphDef().setGraphDef(graph).setMetaInfoDef(info))

  const folder = await mkdtemp(join(tmpdir(), 'espalier-probe-'))
  const pixels = Uint8Array.from([0, 1, 2, 127, 128, 255])
  const input = engine.uint8(pixels, [pixels.length])
  try {
    await writeFile(join(folder, 'saved_model.pb'), model.serializeBinary())
    const id = binding.loadSavedModel(folder, 'serve')
    const [output] = backend.runSavedModel(id, [input], [{ name: 'pixels:0' }], ['squares:0'])
    const squares = output!.dataSync()
    output!.dispose()
    binding.deleteSavedModel(id)
    return compare(
      engine,
      'compiled graph',
      squares,
      Float32Array.from(pixels, value => value * value),
    )
  } finally {
    input.dispose()
    await rm(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const result = await probe()
  process.send?.(result, () => process.exit())
}
