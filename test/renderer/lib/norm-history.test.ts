import { describe, expect, it } from 'vitest'
import { lastStage, scaleOf, spreadOf } from '../../../src/renderer/src/lib/norm-history.ts'

describe('batch norm over time', () => {
  it('is that of the stage that recorded last, step by step', () => {
    const at = (stage: number, step: number) => ({ stage, step, layers: [] })
    expect(lastStage([at(0, 3), at(2, 5), at(2, 0)])).toEqual([at(2, 0), at(2, 5)])
  })

  it('has colours for the largest share of a layer, of which the scale is never smaller', () => {
    const layer = (disabled: number) => ({ name: 'bn', features: 16, disabled, gamma: bin, beta: bin })
    const bin = { low: 0, high: 1, counts: [16] }
    const of = (...disabled: number[]) => scaleOf(disabled.map((n, step) => ({ stage: 0, step, layers: [layer(n)] })))
    expect([of(0), of(1, 0), of(2), of(4), of(5), of(9, 1), of(16)]).toEqual([0.1, 0.1, 0.25, 0.25, 0.5, 1, 1])
    expect(scaleOf([])).toBe(0.1)
  })

  it('may stand on the scale of others, beside which it is drawn', () => {
    const histogram = { low: 0, high: 1, counts: [1, 3] }
    expect(spreadOf([histogram], 4, { low: 0, high: 2 })).toEqual({ low: 0, high: 2, shares: [[0.25, 0.75, 0, 0]] })
  })

  it('stands on one scale, and nothing is lost or gained by that', () => {
    const histograms = [
      { low: 0, high: 1, counts: [1, 3] },
      { low: 0.5, high: 2, counts: [2, 0, 2] },
      { low: 2, high: 2, counts: [5] },
    ]
    const { low, high, shares } = spreadOf(histograms, 4)
    expect([low, high]).toEqual([0, 2])
    expect(shares).toEqual([
      [0.25, 0.75, 0, 0],
      [0, 0.5, 0, 0.5],
      [0, 0, 0, 1],
    ])
    expect(
      spreadOf(histograms, 3).shares.map(moment => moment.reduce((sum, share) => sum + share, 0).toFixed(9)),
    ).toEqual(Array(3).fill('1.000000000'))
    expect(spreadOf([{ low: 1, high: 1, counts: [8] }], 2).shares).toEqual([[0, 1]])
  })
})
