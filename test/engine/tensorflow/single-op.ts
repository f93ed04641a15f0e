/** Graphs of one op, and what a straightforward reading of the ONNX op gives. */
import type { Dims } from '../../../src/core/graph/dims.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Attribute, Graph, GraphNode, OpType, Parameter, ParameterRole } from '../../../src/core/graph/model.ts'
import { inferShapes } from '../../../src/core/graph/shapes.ts'
import { createRandom } from '../../../src/core/random.ts'
import { CompiledModel } from '../../../src/engine/compile/compiled-model.ts'
import type { Engine } from '../../../src/engine/runtime/load.ts'

export interface OpCase {
  readonly op: OpType
  /** [C, H, W] or [features]. */
  readonly input: Dims
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** In ONNX order. */
  readonly parameters?: readonly {
    readonly role: ParameterRole
    readonly dims: Dims
    readonly values: ArrayLike<number>
  }[]
  /** How often the op reads its input. */
  readonly reads?: number
}

export function singleOp({ op, input, attributes = {}, parameters = [], reads = 1 }: OpCase): Graph {
  const names = parameters.map((_, i) => `p${i}`)
  const inputs = [...Array<string>(reads).fill('input'), ...names]
  const nodes: GraphNode[] = [
    { name: 'op', op, inputs, outputs: ['op'], attributes },
    { name: 'flat', op: 'Flatten', inputs: ['op'], outputs: ['flat'], attributes: { axis: 1 } },
  ]
  const graph: Graph = {
    input: { name: 'input', dims: input },
    output: { name: 'flat', dims: [] },
    nodes,
    parameters: Object.fromEntries(
      parameters.map(({ role, dims }, i): [string, Parameter] => [names[i]!, { role, dims }]),
    ),
  }
  return { ...graph, output: { name: 'flat', dims: inferShapes(graph).get('flat')! } }
}

/** Runs the op on a batch in ONNX layout; the answer is in ONNX layout too. */
export function runOp(engine: Engine, opCase: OpCase, batch: Float32Array): Float32Array {
  const graph = singleOp(opCase)
  const model = new CompiledModel(engine, graph, { sampleType: 'float32', normalization: { mean: [0], std: [1] } })
  try {
    const weights = new Map((opCase.parameters ?? []).map(({ values }, i) => [`p${i}`, Float32Array.from(values)]))
    model.assign({ weights, masks: new Map() })
    const count = batch.length / elementCount(opCase.input)
    const values = model.probe(imagesLast(batch, opCase.input), count, ['op']).get('op')!
    // Flattening is what `predict` adds to it: both must tell the same.
    const logits = model.predict(imagesLast(batch, opCase.input), count)
    if (values.some((value, i) => !Object.is(value, logits[i]))) throw new Error('probe and predict differ')
    return values
  } finally {
    model.dispose()
  }
}

export function randomValues(count: number, seed: number): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length: count }, () => random.normal())
}

/** NCHW to NHWC. */
export function imagesLast(values: Float32Array, dims: Dims): Float32Array {
  if (dims.length !== 3) return values
  const [channels, height, width] = dims as [number, number, number]
  return values.map((_, at) => {
    const c = at % channels
    const x = Math.floor(at / channels) % width
    const y = Math.floor(at / channels / width) % height
    const b = Math.floor(at / channels / width / height)
    return values[((b * channels + c) * height + y) * width + x]!
  })
}

export interface Window {
  readonly kernel: readonly [number, number]
  readonly strides?: readonly [number, number]
  readonly dilations?: readonly [number, number]
  /** [top, left, bottom, right] */
  readonly pads?: readonly [number, number, number, number]
}

/** Output height and width, by ONNX's formula. */
export function windowSize({ kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Window, size: Dims) {
  return [0, 1].map(axis => {
    const extent = (kernel[axis]! - 1) * dilations[axis]! + 1
    return Math.floor((size[axis]! + pads[axis]! + pads[axis + 2]! - extent) / strides[axis]!) + 1
  }) as [number, number]
}

/** Calls `visit` for each entry of the input that a window at output (row, column) covers; outside ones get undefined. */
export function visitWindow(
  { kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Window,
  size: Dims,
  [row, column]: readonly [number, number],
  visit: (at: { y: number; x: number } | undefined, ky: number, kx: number) => void,
): void {
  for (let ky = 0; ky < kernel[0]; ky++)
    for (let kx = 0; kx < kernel[1]; kx++) {
      const y = row * strides[0] - pads[0] + ky * dilations[0]
      const x = column * strides[1] - pads[1] + kx * dilations[1]
      const isInside = y >= 0 && y < size[0]! && x >= 0 && x < size[1]!
      visit(isInside ? { y, x } : undefined, ky, kx)
    }
}

/** Convolution by its definition. `kernel` is [out, C / group, kH, kW]. */
export function convolve(
  input: Float32Array,
  dims: Dims,
  kernel: { readonly dims: Dims; readonly values: ArrayLike<number> },
  window: Window,
  group = 1,
  bias?: ArrayLike<number>,
): number[] {
  const [channels, height, width] = dims as [number, number, number]
  const [out, perGroup, kh, kw] = kernel.dims as [number, number, number, number]
  const [rows, columns] = windowSize(window, [height, width])
  const result: number[] = []
  for (let b = 0; b < input.length / (channels * height * width); b++)
    for (let o = 0; o < out; o++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          let sum = bias?.[o] ?? 0
          const first = Math.floor(o / (out / group)) * perGroup
          visitWindow(window, [height, width], [row, column], (at, ky, kx) => {
            if (!at) return
            for (let i = 0; i < perGroup; i++)
              sum +=
                input[((b * channels + first + i) * height + at.y) * width + at.x]! *
                kernel.values[((o * perGroup + i) * kh + ky) * kw + kx]!
          })
          result.push(sum)
        }
  return result
}

export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, expected ${expected.length}`)
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!)
    if (!(difference <= tolerance * Math.max(1, Math.abs(expected[i]!))))
      throw new Error(`value ${i} is ${actual[i]}, expected ${expected[i]}`)
  }
}
