import { describe, expect, it } from 'vitest'
import type { Attribute, GraphNode, OpType } from '../../../src/core/graph/model.ts'
import { opRules, ruleOf } from '../../../src/core/graph/ops.ts'

interface Row {
  readonly op: OpType
  readonly attributes?: Record<string, Attribute>
  readonly values: number[][]
  readonly parameters?: number[][]
  readonly output: number[]
  readonly macs?: number
}

// Worked by hand from the ONNX operator definitions.
const rows: Row[] = [
  { op: 'Conv', values: [[3, 5, 7]], parameters: [[4, 3, 3, 3]], output: [4, 3, 5], macs: 4 * 3 * 9 * 15 },
  {
    op: 'Conv',
    attributes: { pads: [1, 1, 1, 1], strides: [2, 2], kernel_shape: [3, 3] },
    values: [[16, 32, 32]],
    parameters: [[32, 16, 3, 3], [32]],
    output: [32, 16, 16],
    macs: 32 * 16 * 9 * 256,
  },
  {
    op: 'Conv',
    attributes: { group: 8, pads: [0, 1, 2, 3] },
    values: [[8, 6, 6]],
    parameters: [[8, 1, 3, 3]],
    output: [8, 6, 8],
    macs: 8 * 9 * 48,
  },
  {
    op: 'Conv',
    attributes: { dilations: [2, 3] },
    values: [[1, 9, 9]],
    parameters: [[1, 1, 3, 2]],
    output: [1, 5, 6],
    macs: 180,
  },
  {
    op: 'BatchNormalization',
    attributes: { epsilon: 1e-5 },
    values: [[2, 4, 4]],
    parameters: [[2], [2], [2], [2]],
    output: [2, 4, 4],
  },
  { op: 'Relu', values: [[2, 3]], output: [2, 3] },
  {
    op: 'Add',
    values: [
      [2, 3],
      [2, 3],
    ],
    output: [2, 3],
  },
  { op: 'GlobalAveragePool', values: [[64, 8, 9]], output: [64, 1, 1] },
  { op: 'AveragePool', attributes: { kernel_shape: [2, 2], strides: [2, 2] }, values: [[4, 9, 8]], output: [4, 4, 4] },
  {
    op: 'MaxPool',
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    values: [[64, 112, 112]],
    output: [64, 56, 56],
  },
  { op: 'Flatten', attributes: { axis: 1 }, values: [[4, 3, 2]], output: [24] },
  { op: 'Gemm', attributes: { transB: 1 }, values: [[64]], parameters: [[10, 64], [10]], output: [10], macs: 640 },
  {
    op: 'Slice',
    attributes: { starts: [0, 1], ends: [7, 99], axes: [2, 3], steps: [2, 3] },
    values: [[5, 7, 8]],
    output: [5, 4, 3],
  },
  { op: 'Slice', attributes: { starts: [-3], ends: [-1], axes: [1], steps: [1] }, values: [[5, 7]], output: [2, 7] },
  { op: 'Pad', attributes: { pads: [0, 1, 0, 2, 0, 3, 4, 0] }, values: [[5, 6, 7]], output: [9, 10, 9] },
  {
    op: 'Concat',
    attributes: { axis: 1 },
    values: [
      [3, 4, 5],
      [1, 4, 5],
      [2, 4, 5],
    ],
    output: [6, 4, 5],
  },
  { op: 'Concat', attributes: { axis: 2 }, values: [[7, 3]], output: [7, 3] },
  { op: 'Dropout', attributes: { ratio: 0.3 }, values: [[5, 6, 7]], output: [5, 6, 7] },
  { op: 'MatMul', values: [[128, 9]], parameters: [[9, 80]], output: [128, 80], macs: 128 * 720 },
  {
    op: 'FastGRNN',
    values: [[128, 80]],
    parameters: [
      [80, 80],
      [1, 80],
      [1, 80],
      [1, 1],
      [1, 1],
    ],
    output: [80],
    macs: 128 * 6400,
  },
  {
    op: 'ChannelGate',
    attributes: { keep: 0.7, squeeze: 'sigmoid' },
    values: [
      [32, 8, 8],
      [16, 16, 16],
    ],
    parameters: [[32, 16], [32]],
    output: [32, 8, 8],
    macs: 32 * 16,
  },
]

const nodeOf = (op: OpType, attributes: Record<string, Attribute> = {}): GraphNode => ({
  name: 'here',
  op,
  inputs: [],
  outputs: ['here'],
  attributes,
})

describe('op rules', () => {
  it('has a worked example for every op', () => {
    expect(new Set(rows.map(({ op }) => op))).toEqual(new Set(Object.keys(opRules)))
  })

  it.each(rows)('$op $values -> $output', ({ op, attributes, values, parameters = [], output, macs }) => {
    const rule = ruleOf(op)
    expect(rule.outputDims(nodeOf(op, attributes), values, parameters)).toEqual(output)
    expect(rule.macs?.(output, parameters, values)).toBe(macs)
  })

  // The window formula against counting the positions where a window fits.
  it('gives the output size that sliding a window by hand gives', () => {
    for (let size = 1; size <= 9; size++)
      for (let kernel = 1; kernel <= 4; kernel++)
        for (let stride = 1; stride <= 3; stride++)
          for (let pad = 0; pad <= 2; pad++)
            for (let dilation = 1; dilation <= 2; dilation++) {
              let positions = 0
              for (let at = -pad; at + dilation * (kernel - 1) < size + pad; at += stride) positions++
              const attributes = {
                strides: [stride, stride],
                pads: [pad, pad, pad, pad],
                dilations: [dilation, dilation],
              }
              const run = () =>
                ruleOf('Conv').outputDims(nodeOf('Conv', attributes), [[1, size, size]], [[1, 1, kernel, kernel]])
              if (positions === 0) expect(run).toThrow(/does not fit/)
              else expect(run()).toEqual([1, positions, positions])
            }
  })

  const wrong: {
    what: string
    op: OpType
    attributes?: Record<string, Attribute>
    values: number[][]
    parameters?: number[][]
  }[] = [
    { what: 'channels differ from the weights', op: 'Conv', values: [[4, 8, 8]], parameters: [[8, 3, 3, 3]] },
    {
      what: 'group does not divide',
      op: 'Conv',
      attributes: { group: 3 },
      values: [[6, 8, 8]],
      parameters: [[8, 2, 3, 3]],
    },
    { what: 'kernel larger than the image', op: 'Conv', values: [[1, 2, 2]], parameters: [[1, 1, 3, 3]] },
    {
      what: 'kernel_shape contradicts the weights',
      op: 'Conv',
      attributes: { kernel_shape: [5, 5] },
      values: [[1, 9, 9]],
      parameters: [[1, 1, 3, 3]],
    },
    { what: 'bias of another size', op: 'Conv', values: [[1, 9, 9]], parameters: [[4, 1, 3, 3], [3]] },
    { what: 'stride 0', op: 'Conv', attributes: { strides: [0, 1] }, values: [[1, 9, 9]], parameters: [[1, 1, 3, 3]] },
    {
      what: 'three strides',
      op: 'Conv',
      attributes: { strides: [1, 1, 1] },
      values: [[1, 9, 9]],
      parameters: [[1, 1, 3, 3]],
    },
    {
      what: 'text as group',
      op: 'Conv',
      attributes: { group: 'two' },
      values: [[1, 9, 9]],
      parameters: [[1, 1, 3, 3]],
    },
    { what: 'a row instead of an image', op: 'GlobalAveragePool', values: [[10]] },
    {
      what: 'parameters of another size',
      op: 'BatchNormalization',
      values: [[3, 2, 2]],
      parameters: [[3], [3], [3], [4]],
    },
    {
      what: 'different dims',
      op: 'Add',
      values: [
        [2, 3],
        [3, 2],
      ],
    },
    { what: 'weights of other width', op: 'Gemm', attributes: { transB: 1 }, values: [[64]], parameters: [[10, 63]] },
    { what: 'transB missing', op: 'Gemm', values: [[64]], parameters: [[10, 64]] },
    { what: 'axis 0', op: 'Flatten', attributes: { axis: 0 }, values: [[2, 2]] },
    {
      what: 'the batch axis',
      op: 'Slice',
      attributes: { starts: [0], ends: [1], axes: [0], steps: [1] },
      values: [[4]],
    },
    { what: 'nothing left', op: 'Slice', attributes: { starts: [3], ends: [3], axes: [1], steps: [1] }, values: [[4]] },
    { what: 'padding the batch', op: 'Pad', attributes: { pads: [1, 0, 0, 0] }, values: [[4]] },
    { what: 'no kernel', op: 'MaxPool', values: [[1, 4, 4]] },
    {
      what: 'count_include_pad 2',
      op: 'AveragePool',
      attributes: { kernel_shape: [2, 2], count_include_pad: 2 },
      values: [[1, 4, 4]],
    },
    {
      what: 'another height',
      op: 'Concat',
      values: [
        [3, 4, 5],
        [3, 5, 5],
      ],
    },
    { what: 'the batch axis', op: 'Concat', attributes: { axis: 0 }, values: [[3]] },
    { what: 'an axis it has not', op: 'Concat', attributes: { axis: 4 }, values: [[3, 4, 5]] },
    { what: 'everything', op: 'Dropout', attributes: { ratio: 1 }, values: [[3]] },
    { what: 'an image', op: 'MatMul', values: [[3, 4, 9]], parameters: [[9, 2]] },
    { what: 'weights of other width', op: 'MatMul', values: [[4, 9]], parameters: [[8, 2]] },
    {
      what: 'a row',
      op: 'FastGRNN',
      values: [[4]],
      parameters: [
        [4, 4],
        [1, 4],
        [1, 4],
        [1, 1],
        [1, 1],
      ],
    },
    {
      what: 'a bias for each step',
      op: 'FastGRNN',
      values: [[7, 4]],
      parameters: [
        [4, 4],
        [7, 4],
        [1, 4],
        [1, 1],
        [1, 1],
      ],
    },
  ]

  it.each(wrong)('refuses $op: $what', ({ op, attributes, values, parameters = [] }) => {
    expect(() => ruleOf(op).outputDims(nodeOf(op, attributes), values, parameters)).toThrow(
      expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining(`Node "here" (${op})`) }),
    )
  })
})
