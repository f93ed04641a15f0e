import { beforeAll, describe, expect, it } from 'vitest'
import type { OpType } from '../../../src/core/graph/model.ts'
import { opRules } from '../../../src/core/graph/ops.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import type { Window } from '../tensorflow/single-op.ts'
import { dilatedWindow, imageSizes, windows } from '../tensorflow/windows.ts'
import { apart, type GradientCase, normals, runGradient } from './numeric-gradient.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const small = { step: 0.01 }
const kinked = { step: 0.01, entries: apart }
const weight = (...dims: number[]) => ({ role: 'weight', dims }) as const
const bias = (...dims: number[]) => ({ role: 'bias', dims }) as const

function norm(channels: number) {
  return (['gamma', 'beta', 'mean', 'variance'] as const).map(role => ({ role, dims: [channels] }))
}

const attributesOf = ({ kernel, ...others }: Window) => ({ kernel_shape: kernel, ...others })

const convolutions: GradientCase[] = [...windows, dilatedWindow].flatMap(window =>
  imageSizes.map(size => ({
    op: 'Conv',
    attributes: attributesOf(window),
    values: [[3, ...size]],
    parameters: [weight(4, 3, ...window.kernel), bias(4)],
  })),
)

const grouped: GradientCase[] = [
  { group: 2, channels: 4, out: 6 },
  { group: 4, channels: 4, out: 4 },
  { group: 4, channels: 4, out: 8 },
].flatMap(({ group, channels, out }) =>
  (
    [
      [1, 1],
      [2, 2],
      [1, 2],
    ] as const
  ).flatMap(strides =>
    [6, 7].map(size => ({
      op: 'Conv' as const,
      attributes: { ...attributesOf({ kernel: [3, 3], strides, pads: [1, 1, 1, 1] }), group },
      values: [[channels, size, size]],
      parameters: [weight(out, channels / group, 3, 3)],
    })),
  ),
)

const pools: GradientCase[] = windows
  .filter(({ kernel }) => kernel[0]! > 1)
  .flatMap(window =>
    imageSizes.flatMap(size => [
      { op: 'MaxPool' as const, attributes: attributesOf(window), values: [[2, ...size]], ...kinked },
      { op: 'AveragePool' as const, attributes: attributesOf(window), values: [[2, ...size]] },
      {
        op: 'AveragePool' as const,
        attributes: { ...attributesOf(window), count_include_pad: 1 },
        values: [[2, ...size]],
      },
    ]),
  )

const slices = [
  { starts: [0, 0], ends: [7, 8], axes: [2, 3], steps: [2, 2] },
  { starts: [1], ends: [99], axes: [2], steps: [2] },
  { starts: [-2], ends: [8], axes: [3], steps: [1] },
  { starts: [1], ends: [3], axes: [1], steps: [1] },
]

const cases: GradientCase[] = [
  ...convolutions,
  ...grouped,
  ...pools,
  { op: 'BatchNormalization', values: [[4, 5, 3]], parameters: norm(4), ...small },
  { op: 'BatchNormalization', attributes: { epsilon: 0.5 }, values: [[4, 1, 1]], parameters: norm(4), ...small },
  { op: 'BatchNormalization', values: [[6]], parameters: norm(6), attributes: { epsilon: 0.1 }, ...small },
  { op: 'Relu', values: [[3, 5, 4]], ...kinked },
  { op: 'Relu', values: [[7]], ...kinked },
  {
    op: 'Add',
    values: [
      [2, 3, 3],
      [2, 3, 3],
    ],
  },
  { op: 'GlobalAveragePool', values: [[3, 5, 4]] },
  { op: 'Flatten', values: [[3, 2, 4]] },
  { op: 'Flatten', values: [[3, 1, 1]] },
  { op: 'Flatten', values: [[5]] },
  { op: 'Flatten', values: [[4, 3]] },
  { op: 'Gemm', attributes: { transB: 1 }, values: [[5]], parameters: [weight(4, 5), bias(4)] },
  { op: 'Gemm', attributes: { transB: 1 }, values: [[5]], parameters: [weight(1, 5)] },
  ...slices.map(attributes => ({ op: 'Slice' as const, attributes, values: [[4, 7, 8]] })),
  { op: 'Slice', attributes: { starts: [1], ends: [3], axes: [1], steps: [1] }, values: [[5]] },
  { op: 'Pad', attributes: { pads: [0, 2, 0, 0, 0, 3, 0, 0] }, values: [[2, 3, 3]] },
  { op: 'Pad', attributes: { pads: [0, 0, 1, 0, 0, 0, 0, 2] }, values: [[2, 3, 3]] },
  { op: 'Pad', attributes: { pads: [0, 1, 0, 2] }, values: [[4]] },
  {
    op: 'Concat',
    attributes: { axis: 1 },
    values: [
      [2, 3, 2],
      [5, 3, 2],
      [3, 3, 2],
    ],
  },
  {
    op: 'Concat',
    attributes: { axis: 2 },
    values: [
      [2, 3, 2],
      [2, 4, 2],
    ],
  },
  { op: 'Concat', attributes: { axis: 1 }, values: [[4]] },
  { op: 'Dropout', attributes: { ratio: 0.3 }, values: [[3, 5, 5]] },
  { op: 'Dropout', attributes: { ratio: 0 }, values: [[6]] },
  { op: 'MatMul', values: [[5, 3]], parameters: [weight(3, 4)] },
  ...[1, 2, 6].map((steps): GradientCase => {
    const parameters = [
      weight(4, 4),
      bias(1, 4),
      bias(1, 4),
      { role: 'zeta' as const, dims: [1, 1] },
      { role: 'nu' as const, dims: [1, 1] },
    ]
    const entries = (count: number, seed: number) => normals(count, seed).map(value => 0.5 * value)
    return { op: 'FastGRNN', values: [[steps, 4]], parameters, step: 0.01, entries }
  }),
  ...[{ keep: 1 }, { keep: 0.5 }, { keep: 0.2, squeeze: 'sigmoid' }].map(
    (attributes): GradientCase => ({
      op: 'ChannelGate',
      attributes,
      values: [
        [4, 3, 3],
        [5, 4, 3],
      ],
      parameters: [{ role: 'gate', dims: [4, 5] }, bias(4)],
      ...small,
    }),
  ),
]

const title = ({ op, attributes, values, parameters }: GradientCase) =>
  `${op} ${values.map(dims => dims.join('x'))} ${parameters?.map(({ dims }) => dims.join('x')) ?? ''} ${JSON.stringify(attributes ?? {})}`

it('covers every op', () => {
  expect(new Set<OpType>(cases.map(({ op }) => op))).toEqual(new Set(Object.keys(opRules)))
})

describe('gradients agree with finite differences', () => {
  it.each(cases.map(one => [title(one), one] as const))('%s', (_, opCase) => {
    const { gradients, differences } = runGradient(engine, opCase)
    for (const [input, places] of differences) {
      const gradient = gradients.get(input)!
      const scale = Math.max(1, ...gradient.map(Math.abs))
      for (const [place, difference] of places)
        expect(
          Math.abs(gradient[place]! - difference),
          `input ${input} at ${place}: ${gradient[place]}, not ${difference}`,
        ).toBeLessThan((opCase.step ? 3e-3 : 1e-4) * scale)
    }
  })
})

describe('gradients in bf16 are those of f32, rounded', () => {
  it.each(cases.map(one => [title(one), one] as const))('%s', (_, opCase) => {
    const exact = runGradient(engine, opCase, 'float32', 0).gradients
    const rounded = runGradient(engine, opCase, 'bfloat16', 0).gradients
    for (const [input, gradient] of exact) {
      const length = Math.hypot(...gradient)
      const difference = Math.hypot(...rounded.get(input)!.map((value, i) => value - gradient[i]!))
      expect(difference, `input ${input}`).toBeLessThanOrEqual(0.02 * length)
    }
  })
})
