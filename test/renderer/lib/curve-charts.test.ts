import { describe, expect, it } from 'vitest'
import { mainCharts, moreCharts, otherCharts } from '../../../src/renderer/src/lib/curve-charts.ts'

describe('the charts of training', () => {
  it('have each metric in one place, and one of its own for a metric that nobody thought of', () => {
    const metrics = [...mainCharts, ...moreCharts].flatMap(chart => chart.lines.map(line => line.metric))
    expect(new Set(metrics).size).toBe(metrics.length)
    expect(otherCharts([...metrics, 'epoch', 'twin.memory', 'novel']).map(chart => chart.title)).toEqual(['novel'])
  })
})
