import { describe, expect, it } from 'vitest'
import {
  axisRange,
  curveOf,
  curveRows,
  drawnLine,
  epochRows,
  nearestPoint,
  placeStages,
  stacked,
  stagesWithMetrics,
  usableAxes,
} from '../../../src/renderer/src/lib/curves.ts'
import { maskLayout, maskRgba } from '../../../src/renderer/src/lib/mask-picture.ts'
import { evenly } from '../../../src/renderer/src/lib/run-detail.ts'
import { smooth } from '../../../src/renderer/src/lib/smoothing.ts'
import type { LayerSnapshot, MetricPoint } from '../../../src/shared/domain.ts'

describe('smoothing', () => {
  it('divides the bias towards nought out (by hand)', () => {
    // 0.5 * 4 / (1 - 0.5); (0.5 * 2 + 0.5 * 8) / (1 - 0.25); (0.5 * 5 + 0.5 * 1) / (1 - 0.125)
    expect(smooth([4, 8, 1], 0.5)).toEqual([4, 5 / 0.75, 3 / 0.875])
  })

  it('passes over what is not finite', () => {
    const [a, b, c] = smooth([4, Number.NaN, 8], 0.5)
    expect([a, c]).toEqual(smooth([4, 8], 0.5))
    expect(b).toBeNaN()
  })

  it('leaves a constant untouched, and everything at weight 0', () => {
    const constant = Array.from({ length: 1000 }, () => 0.1)
    expect(smooth(constant, 0.99)).toBe(constant)
    expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2])
  })
})

describe('parts of a whole', () => {
  it('stand on each other, point by point and piece by piece', () => {
    const line = (values: readonly number[]) => values.map((value, x) => ({ x, value, smoothed: value / 2, step: x }))
    const heights = stacked([
      [line([1, 2]), line([3])],
      [line([10, 20]), line([30])],
    ])
    expect(heights.map(pieces => pieces.map(piece => piece.map(({ value, smoothed }) => [value, smoothed])))).toEqual([
      [
        [
          [1, 0.5],
          [2, 1],
        ],
        [[3, 1.5]],
      ],
      [
        [
          [11, 5.5],
          [22, 11],
        ],
        [[33, 16.5]],
      ],
    ])
  })
})

/** Two stages of two epochs, of three steps each; the first prunes to a half before its fourth step. */
const point = (stage: number, step: number, name: string, value: number): MetricPoint => ({ stage, step, name, value })
const metrics: MetricPoint[] = [0, 1].flatMap(stage =>
  [1, 2, 3, 4, 5, 6].flatMap(step => [
    point(stage, step, 'loss', 10 * stage + step),
    ...(step % 3 === 0
      ? [
          point(stage, step, 'epoch', step / 3),
          point(stage, step, 'valTop1', 0.1 * step),
          point(stage, step, 'seconds', 2 * step),
        ]
      : []),
  ]),
)
const snapshot = (stage: number, step: number, zeros: number): LayerSnapshot => ({
  stage,
  step,
  layers: [{ name: 'a', weights: 10, zeros }],
})
const layers = [snapshot(0, 0, 0), snapshot(0, 3, 5), snapshot(1, 6, 5)]
const xs = (stages: ReturnType<typeof placeStages>) =>
  curveOf(stages, 'loss').map(piece => piece.map(({ x }) => Number(x.toFixed(6))))

describe('curves over an axis', () => {
  const stages = stagesWithMetrics(metrics)

  it('follow each other by step, epoch and time', () => {
    expect(xs(placeStages(stages, 'step', layers))).toEqual([
      [1, 2, 3, 4, 5, 6],
      [7, 8, 9, 10, 11, 12],
    ])
    const epochs = [1, 2, 3, 4, 5, 6].map(step => Number((step / 3).toFixed(6)))
    expect(xs(placeStages(stages, 'epoch', layers))).toEqual([epochs, epochs.map(x => Number((x + 2).toFixed(6)))])
    expect(xs(placeStages(stages, 'time', layers))[1]).toEqual([14, 16, 18, 20, 22, 24])
    expect(axisRange(placeStages(stages, 'time', layers), 'time')).toEqual([0, 24])
  })

  it('stand where the zeros were when the step was taken', () => {
    expect(xs(placeStages(stages, 'sparsity', layers))).toEqual([
      [0, 0, 0, 0.5, 0.5, 0.5],
      [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    ])
  })

  it('have no epochs before the first has ended, and no sparsity where it stays', () => {
    expect(usableAxes(stages, layers)).toEqual(['step', 'epoch', 'time', 'sparsity'])
    const early = stagesWithMetrics(metrics.filter(({ step, stage }) => step < 3 && stage === 0))
    expect(usableAxes(early, [snapshot(0, 0, 0)])).toEqual(['step'])
    expect(xs(placeStages(early, 'epoch', []))).toEqual([])
  })

  it('go on as steep as they were beyond the last mark', () => {
    const begun = stagesWithMetrics(metrics.filter(({ step, stage }) => step < 6 && stage === 0))
    expect(xs(placeStages(begun, 'epoch', []))[0]?.at(-1)).toBeCloseTo(5 / 3, 5)
  })

  it('hold a value that is recorded when it changes', () => {
    const rates = [point(0, 1, 'learningRate', 0.1), point(0, 4, 'learningRate', 0.01)]
    const placed = placeStages(stagesWithMetrics([...rates, ...metrics]), 'step', layers)
    const ends = (holds: boolean) => curveOf(placed, 'learningRate', { holds })[0]?.map(({ x, value }) => [x, value])
    expect(ends(false)).toEqual([
      [1, 0.1],
      [4, 0.01],
    ])
    expect(ends(true)?.at(-1)).toEqual([6, 0.01])
  })

  it('give the point nearest to the cursor, and the numbers as rows', () => {
    const placed = placeStages(stages, 'step', layers)
    const curve = curveOf(placed, 'loss')
    expect(nearestPoint(curve, 7.4)?.value).toBe(11)
    expect(nearestPoint(curve, -5)?.value).toBe(1)
    expect(nearestPoint(curve, 99)?.value).toBe(16)
    const rows = curveRows(placed, ['loss', 'valTop1'])
    expect(rows.length).toBe(12)
    expect(rows[8]).toEqual({ stage: 1, step: 3, x: 9, values: [13, expect.closeTo(0.3)] })
    expect(epochRows(stages, layers).map(({ stage, epoch, sparsity }) => [stage, epoch, sparsity])).toEqual([
      [0, 1, 0],
      [0, 2, 0.5],
      [1, 1, 0.5],
      [1, 2, 0.5],
    ])
  })

  it('are thinned so that extremes stay, with gaps where there is nothing to draw', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => (i === 4321 ? 99 : i === 8765 ? -7 : Math.sin(i)))
    const long = [values.map((value, step) => ({ x: step, value, smoothed: value, step }))]
    const { points, isThinned } = drawnLine(long, 'value', { limit: 200 })
    expect(isThinned).toBe(true)
    expect(points.length).toBeLessThanOrEqual(200)
    expect(points).toContainEqual([4321, 99])
    expect(points).toContainEqual([8765, -7])
    const piece = [2, Number.NaN, 0, 4].map((value, step) => ({ x: step, value, smoothed: value, step }))
    expect(drawnLine([piece, piece], 'value', { isLog: true })).toEqual({
      points: [
        ...[
          [0, 2],
          [1, null],
          [2, null],
          [3, 4],
        ],
        [0, null],
        ...[
          [0, 2],
          [1, null],
          [2, null],
          [3, 4],
        ],
      ],
      isThinned: false,
    })
  })
})

describe('a kernel as a picture', () => {
  it('lays kernels out as they are connected', () => {
    const { width, height, pixelOf } = maskLayout([2, 3, 2, 2])
    expect([width, height]).toEqual([6, 4])
    // Weight (out 1, in 2, y 1, x 0) has index 22 and stands in row 3, column 4.
    expect(pixelOf(22)).toBe(3 * 6 + 4)
    const places = new Set(Array.from({ length: 24 }, (_, i) => pixelOf(i)))
    expect(places.size).toBe(24)
    expect(Math.max(...places)).toBe(23)
  })

  it('puts depthwise kernels in rows, and a linear layer as it is', () => {
    expect(maskLayout([5, 1, 3, 3])).toMatchObject({ width: 9, height: 6 })
    expect(maskLayout([10, 64])).toMatchObject({ width: 64, height: 10 })
  })

  it('colours weights and zeros, and leaves what is neither clear', () => {
    const dims = [3, 1, 1, 1]
    const rgba = maskRgba(btoa('\u0005'), dims, maskLayout(dims), { set: [1, 2, 3], unset: [4, 5, 6] })
    expect([...rgba]).toEqual([1, 2, 3, 255, 4, 5, 6, 255, 1, 2, 3, 255, 0, 0, 0, 0])
  })
})

it('takes moments evenly, the first and the last among them', () => {
  const items = Array.from({ length: 101 }, (_, i) => i)
  expect(evenly(items, 5)).toEqual([0, 25, 50, 75, 100])
  expect(evenly([1, 2], 5)).toEqual([1, 2])
})
