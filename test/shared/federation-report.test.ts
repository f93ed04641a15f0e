import { expect, it } from 'vitest'
import { type RoundRecord, targetReached } from '../../src/shared/federation.ts'
import { type FederationReport, type FederationSoFar, withReport } from '../../src/shared/federation-report.ts'

const round = (number: number, more: Partial<RoundRecord> = {}): RoundRecord => ({
  ...{ round: number, top1: 0.5, loss: 1, upBytes: 20, downBytes: 40, sparsity: 0, clients: [], seconds: 1 },
  ...more,
})
const done = (number: number, more: Partial<RoundRecord> = {}, isTwin = false): FederationReport => ({
  ...{ kind: 'round', isTwin, round: round(number, more) },
})
const holder = { client: 1, samples: 3, classes: [1, 2], speed: 1 }
const begins = (...layers: string[]): FederationReport => ({ kind: 'begins', clients: [holder], layers })
const gather = (...reports: (readonly [stage: number, report: FederationReport])[]) =>
  reports.reduce<FederationSoFar[]>((soFar, [stage, report]) => withReport(soFar, { stage, report }), [])

it('gathers the rounds of each stage, its twin apart', () => {
  const found = gather(
    ...([
      [0, begins('conv1')],
      [0, done(1, {}, true)],
      [2, begins('fc')],
      [0, begins('conv1', 'fc')],
      [0, done(1)],
      [0, done(2)],
      [2, done(1)],
    ] as const),
  )
  expect(found).toEqual([
    { stage: 0, clients: [holder], layers: ['conv1', 'fc'], rounds: [round(1), round(2)], twin: [round(1)] },
    { stage: 2, clients: [holder], layers: ['fc'], rounds: [round(1)], twin: [] },
  ])
})

it('puts a round that is told again in the place of the first', () => {
  const [found] = gather([0, done(1)], [0, done(2)], [0, done(3)], [0, done(2, { top1: 0.75 })])
  expect(found?.rounds).toEqual([round(1), round(2, { top1: 0.75 }), round(3)])
  expect(gather([0, done(1)])[0]?.clients).toEqual([])
})

it('finds the first round that reaches a target, and the bytes until then', () => {
  const rounds = [round(1, { top1: null }), round(2, { top1: 0.6 }), round(3, { top1: 0.9 })]
  expect(targetReached(0.6, rounds)).toEqual({ top1: 0.6, round: 2, bytes: 120 })
  expect(targetReached(0.95, rounds)).toEqual({ top1: 0.95, round: null, bytes: null })
})
