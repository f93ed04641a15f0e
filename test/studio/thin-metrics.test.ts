import { expect, it } from 'vitest'
import type { MetricPoint } from '../../src/shared/domain.ts'
import { thinMetrics } from '../../src/studio/thin-metrics.ts'

const curve = (stage: number, name: string, values: readonly number[]): MetricPoint[] =>
  values.map((value, at) => ({ stage, name, step: at + 1, value }))

it('leaves short curves whole, whatever stands beside them', () => {
  const long = curve(
    0,
    'loss',
    Array.from({ length: 1000 }, (_, i) => (i === 517 ? 99 : i === 518 ? -99 : i % 7)),
  )
  const short = curve(0, 'valTop1', [0.1, 0.2, 0.3])
  const later = curve(1, 'loss', [5, 4, 3])
  const mixed = [...long.slice(0, 600), ...short, ...long.slice(600), ...later]
  const { points, leftOut } = thinMetrics(mixed, 50)
  expect(points.length + leftOut).toBe(1006)
  expect(points.filter(({ name }) => name === 'valTop1')).toEqual(short)
  expect(points.filter(({ stage }) => stage === 1)).toEqual(later)
  const kept = points.filter(({ stage, name }) => stage === 0 && name === 'loss')
  expect(kept.length).toBeLessThanOrEqual(50)
  expect([kept[0], kept.at(-1)]).toEqual([long[0], long.at(-1)])
  expect(kept).toEqual(expect.arrayContaining([long[517], long[518]]))
  // In the order in which they were recorded.
  expect(points.map(point => mixed.indexOf(point))).toEqual(
    points.map(point => mixed.indexOf(point)).toSorted((a, b) => a - b),
  )
})

it('changes nothing where nothing is too much', () => {
  const points = curve(0, 'loss', [3, 2, 1])
  expect(thinMetrics(points, 3)).toEqual({ points, leftOut: 0 })
})
