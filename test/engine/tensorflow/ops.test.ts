import { beforeAll, describe, expect, it } from 'vitest'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Graph, GraphNode, OpType } from '../../../src/core/graph/model.ts'
import { opRules } from '../../../src/core/graph/ops.ts'
import { CompiledModel } from '../../../src/engine/compile/compiled-model.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { tensorflowOps } from '../../../src/engine/tensorflow/ops.ts'
import {
  convolve,
  expectClose,
  imagesLast,
  type OpCase,
  randomValues,
  runOp,
  visitWindow,
  type Window,
  windowSize,
} from './single-op.ts'
import { dilatedWindow, imageSizes, windows } from './windows.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const run = (opCase: OpCase, values: readonly number[]) => [...runOp(engine, opCase, Float32Array.from(values))]

it('has one entry for each op of the model', () => {
  expect(Object.keys(tensorflowOps).sort()).toEqual(Object.keys(opRules).sort())
})

describe('worked by hand', () => {
  it('Relu', () => expect(run({ op: 'Relu', input: [4] }, [-1, 0, 2, -0.5])).toEqual([0, 0, 2, 0]))

  it('Add', () => expect(run({ op: 'Add', input: [3], reads: 2 }, [1, -2, 3])).toEqual([2, -4, 6]))

  it('GlobalAveragePool', () => {
    const batch = [1, 2, 3, 4, 10, 20, 30, 40, 0, 0, 0, 8, -1, -1, -1, -1]
    expect(run({ op: 'GlobalAveragePool', input: [2, 2, 2] }, batch)).toEqual([2.5, 25, 2, -1])
  })

  it('Flatten keeps channels outermost', () => {
    const batch = [1, 2, 3, 4, 5, 6, 7, 8]
    expect(run({ op: 'Flatten', input: [2, 2, 2] }, batch)).toEqual(batch)
  })

  it('Gemm: x W^T + b, W is [out, in]', () => {
    const parameters = [
      { role: 'weight', dims: [2, 3], values: [1, 0, -1, 2, 2, 2] },
      { role: 'bias', dims: [2], values: [10, -10] },
    ] as const
    expect(run({ op: 'Gemm', input: [3], attributes: { transB: 1 }, parameters }, [1, 2, 3, 0, 0, 1])).toEqual([
      8, 2, 9, -8,
    ])
  })

  it('Conv: 2x2 kernel on a 3x3 image', () => {
    const parameters = [{ role: 'weight', dims: [1, 1, 2, 2], values: [1, 2, 3, 4] }] as const
    const image = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    // 1*1 + 2*2 + 3*4 + 4*5 = 37, and so on: a cross-correlation, the kernel is not flipped.
    expect(run({ op: 'Conv', input: [1, 3, 3], parameters }, image)).toEqual([37, 47, 67, 77])
  })

  it.each([[[2, 1, 1]], [[2]]])('BatchNormalization on %j', input => {
    const parameter = (role: 'gamma' | 'beta' | 'mean' | 'variance', values: number[]) => ({ role, dims: [2], values })
    const parameters = [
      parameter('gamma', [2, 3]),
      parameter('beta', [1, -1]),
      parameter('mean', [5, 0]),
      parameter('variance', [4, 0.25]),
    ]
    // (9 - 5) / 2 * 2 + 1 = 5; (1 - 0) / .5 * 3 - 1 = 5
    const attributes = { epsilon: 0 }
    expectClose(run({ op: 'BatchNormalization', input, attributes, parameters }, [9, 1, 5, 0]), [5, 5, 1, -1])
    // epsilon stands under the root: 4 / sqrt(4 + 12) * 2 + 1 = 3
    const [wide] = run({ op: 'BatchNormalization', input, attributes: { epsilon: 12 }, parameters }, [9, 0])
    expectClose([wide!], [3])
  })

  it('Slice and Pad: the shortcut of option A', () => {
    const image = Array.from({ length: 16 }, (_, i) => i)
    const slice = { starts: [0, 0], ends: [4, 4], axes: [2, 3], steps: [2, 2] }
    expect(run({ op: 'Slice', input: [1, 4, 4], attributes: slice }, image)).toEqual([0, 2, 8, 10])
    const pads = [0, 1, 0, 0, 0, 2, 0, 0]
    expect(run({ op: 'Pad', input: [1, 1, 2], attributes: { pads } }, [7, 8])).toEqual([0, 0, 7, 8, 0, 0, 0, 0])
  })

  it('Pad of rows, columns and features', () => {
    const pads = [0, 0, 1, 0, 0, 0, 0, 2]
    expect(run({ op: 'Pad', input: [1, 1, 2], attributes: { pads } }, [7, 8])).toEqual([0, 0, 0, 0, 7, 8, 0, 0])
    expect(run({ op: 'Pad', input: [2], attributes: { pads: [0, 1, 0, 2] } }, [7, 8])).toEqual([0, 7, 8, 0, 0])
  })

  it.each([
    { starts: [1], ends: [99], axes: [2], steps: [2], rows: [1, 3] },
    { starts: [-2], ends: [4], axes: [2], steps: [1], rows: [2, 3] },
    { starts: [0], ends: [-1], axes: [2], steps: [1], rows: [0, 1, 2] },
    { starts: [0], ends: [3], axes: [2], steps: [2], rows: [0, 2] },
  ])('Slice $starts : $ends : $steps', ({ rows, ...attributes }) => {
    const image = [1, 2, 3, 4, 11, 12, 13, 14]
    const expected = [0, 10].flatMap(channel => rows.map(row => channel + row + 1))
    expect(run({ op: 'Slice', input: [2, 4, 1], attributes }, image)).toEqual(expected)
  })

  it('Slice of channels and of features', () => {
    const attributes = { starts: [1], ends: [3], axes: [1], steps: [1] }
    expect(run({ op: 'Slice', input: [3, 1, 2], attributes }, [1, 2, 3, 4, 5, 6])).toEqual([3, 4, 5, 6])
    expect(run({ op: 'Slice', input: [3], attributes }, [1, 2, 3, 4, 5, 6])).toEqual([2, 3, 5, 6])
  })

  it('Concat along channels and along features', () => {
    const input = [2, 1, 2]
    expect(run({ op: 'Concat', input, attributes: { axis: 1 }, reads: 2 }, [1, 2, 3, 4])).toEqual([
      1, 2, 3, 4, 1, 2, 3, 4,
    ])
    expect(run({ op: 'Concat', input, attributes: { axis: 3 }, reads: 2 }, [1, 2, 3, 4])).toEqual([
      1, 2, 1, 2, 3, 4, 3, 4,
    ])
    expect(run({ op: 'Concat', input: [2], attributes: { axis: 1 }, reads: 2 }, [1, 2])).toEqual([1, 2, 1, 2])
  })

  it('ChannelGate opens the most salient channels of each sample and scales them', () => {
    // Of the means (m0, m1): g0 = m0, g1 = m1 + 1, g2 = 2.
    const parameters = (bias: number[]) =>
      [
        { role: 'gate', dims: [3, 2], values: [1, 0, 0, 1, 0, 0] },
        { role: 'bias', dims: [3], values: bias },
      ] as const
    const gate = (keep: number, bias: number[], batch: number[], squeeze?: string) =>
      runGate(engine, { keep, ...(squeeze && { squeeze }) }, parameters(bias), batch)
    // y is 10, 20, 30 at each of the two pixels; x has the means 3 and 0, then -1 and 4.
    const x = [2, 4, 1, -1, -1, -1, 4, 4]
    const y = [10, 10, 20, 20, 30, 30]
    expect(gate(0.67, [0, 1, 2], x)).toEqual([...scaled(y, [3, 0, 2]), ...scaled(y, [0, 5, 2])])
    expect(gate(1, [0, 1, 2], x)).toEqual([...scaled(y, [3, 1, 2]), ...scaled(y, [0, 5, 2])])
    expect(gate(0.01, [0, 1, 2], x)).toEqual([...scaled(y, [3, 0, 0]), ...scaled(y, [0, 5, 0])])
    // Of equals the first stay open: 1, 1, 1 where the means are 0.
    expect(gate(0.67, [1, 1, 1], [0, 0, 0, 0])).toEqual(scaled(y, [1, 1, 0]))
    // sigmoid(0) = 1/2
    expect(gate(1, [0, 1, 2], [0, 0, 0, 0], 'sigmoid')).toEqual(scaled(y, [0.5, 1.5, 2]))
  })

  it('MatMul of each step', () => {
    const parameters = [{ role: 'weight', dims: [2, 3], values: [1, 2, 3, 10, 20, 30] }] as const
    expect(run({ op: 'MatMul', input: [2, 2], parameters }, [1, 0, 0, 1])).toEqual([1, 2, 3, 10, 20, 30])
  })
})

const scaled = (y: readonly number[], gates: readonly number[]) => y.map((value, i) => value * gates[i >> 1]!)

/** A gate on y = 10, 20, 30 by channel, at the two pixels of x [2, 1, 2]. */
function runGate(
  engine: Engine,
  attributes: Readonly<Record<string, number | string>>,
  [matrix, bias]: readonly [NonNullable<OpCase['parameters']>[number], NonNullable<OpCase['parameters']>[number]],
  batch: readonly number[],
): number[] {
  const node = (name: string, op: OpType, inputs: string[], attributes: GraphNode['attributes'] = {}): GraphNode => ({
    name,
    op,
    inputs,
    outputs: [name],
    attributes,
  })
  const graph: Graph = {
    input: { name: 'x', dims: [2, 1, 2] },
    output: { name: 'flat', dims: [6] },
    nodes: [
      // 0 x + 10, 20, 30
      node('y', 'Conv', ['x', 'kernel', 'levels']),
      node('gated', 'ChannelGate', ['y', 'x', 'matrix', 'bias'], attributes),
      node('flat', 'Flatten', ['gated'], { axis: 1 }),
    ],
    parameters: {
      kernel: { role: 'weight', dims: [3, 2, 1, 1] },
      levels: { role: 'bias', dims: [3] },
      matrix: { role: 'gate', dims: matrix.dims },
      bias: { role: 'bias', dims: bias.dims },
    },
  }
  const model = new CompiledModel(engine, graph, { sampleType: 'float32', normalization: { mean: [0], std: [1] } })
  try {
    const weights = {
      kernel: new Float32Array(6),
      levels: Float32Array.of(10, 20, 30),
      matrix: Float32Array.from(matrix.values),
      bias: Float32Array.from(bias.values),
    }
    model.assign({ weights: new Map(Object.entries(weights)), masks: new Map() })
    const samples = imagesLast(Float32Array.from(batch), [2, 1, 2])
    return [...model.predict(samples, batch.length / 4)]
  } finally {
    model.dispose()
  }
}

const cases = [...windows, dilatedWindow].flatMap(window =>
  imageSizes.map(size => ({ window, size, name: JSON.stringify({ ...window, size }) })),
)
const attributesOf = ({ kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Window) => ({
  kernel_shape: kernel,
  strides,
  dilations,
  pads,
})

describe('against a straightforward reading of ONNX', () => {
  it.each(cases)('Conv $name', ({ window, size }) => {
    const input = [3, ...size]
    const weight = { role: 'weight', dims: [4, 3, ...window.kernel], values: randomValues(12 * 25, 1) } as const
    const bias = { role: 'bias', dims: [4], values: [1, -1, 0.5, 0] } as const
    const values = weight.values.slice(0, elementCount(weight.dims))
    const batch = randomValues(2 * elementCount(input), 2)
    const parameters = [{ ...weight, values }, bias]
    const actual = runOp(engine, { op: 'Conv', input, attributes: attributesOf(window), parameters }, batch)
    expectClose(actual, convolve(batch, input, { dims: weight.dims, values }, window, 1, bias.values))
  })

  it.each([
    { group: 2, channels: 4, out: 6 },
    { group: 4, channels: 4, out: 4 },
    { group: 4, channels: 4, out: 8 },
  ])('Conv in $group groups, $channels to $out channels', ({ group, channels, out }) => {
    for (const strides of [
      [1, 1],
      [2, 2],
      [1, 2],
    ] as const) {
      const window: Window = { kernel: [3, 3], strides, pads: [1, 1, 1, 1] }
      const input = [channels, 6, 6]
      const dims = [out, channels / group, 3, 3]
      const values = randomValues(elementCount(dims), 3)
      const batch = randomValues(2 * elementCount(input), 4)
      const attributes = { ...attributesOf(window), group }
      const opCase: OpCase = { op: 'Conv', input, attributes, parameters: [{ role: 'weight', dims, values }] }
      expectClose(runOp(engine, opCase, batch), convolve(batch, input, { dims, values }, window, group))
    }
  })

  const pooled = cases.filter(({ window }) => !window.dilations && window.kernel[0] > 1)

  it.each(pooled)('MaxPool and AveragePool $name', ({ window, size }) => {
    const input = [2, ...size]
    const batch = randomValues(2 * elementCount(input), 5).map(value => value - 3) // below the zeros of a padding
    const attributes = attributesOf(window)
    const { dilations: _, ...undilated } = attributes
    const reference = (kind: (covered: (number | undefined)[]) => number) =>
      poolByDefinition(batch, input, window, kind)
    const inside = (covered: (number | undefined)[]) => covered.filter(value => value !== undefined)
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
    expectClose(
      runOp(engine, { op: 'MaxPool', input, attributes }, batch),
      reference(covered => Math.max(...inside(covered))),
    )
    expectClose(
      runOp(engine, { op: 'AveragePool', input, attributes: undilated }, batch),
      reference(covered => sum(inside(covered)) / inside(covered).length),
    )
    expectClose(
      runOp(engine, { op: 'AveragePool', input, attributes: { ...undilated, count_include_pad: 1 } }, batch),
      reference(covered => sum(inside(covered)) / covered.length),
    )
  })

  it('refuses dilated pooling', () => {
    const attributes = { kernel_shape: [2, 2], dilations: [2, 2] }
    expect(() => runOp(engine, { op: 'MaxPool', input: [1, 4, 4], attributes }, new Float32Array(16))).toThrow(
      expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining('dilated pooling') }),
    )
  })
})

function poolByDefinition(
  batch: Float32Array,
  dims: readonly number[],
  window: Window,
  kind: (covered: (number | undefined)[]) => number,
): number[] {
  const [, height, width] = dims as [number, number, number]
  const [rows, columns] = windowSize(window, [height, width])
  const planes = batch.length / (height * width)
  const result: number[] = []
  for (let plane = 0; plane < planes; plane++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const covered: (number | undefined)[] = []
        visitWindow(window, [height, width], [row, column], at =>
          covered.push(at && batch[(plane * height + at.y) * width + at.x]!),
        )
        result.push(kind(covered))
      }
  return result
}
