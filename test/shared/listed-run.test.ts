import { expect, it } from 'vitest'
import type { StageRecord } from '../../src/shared/domain.ts'
import { listedStage } from '../../src/shared/listed-run.ts'
import { evaluated, pruned } from '../studio/project/examples.ts'

const stage = (outcome: StageRecord['outcome']): StageRecord => ({
  ...{ index: 0, use: outcome?.use ?? 'prune', state: 'finished', startedAt: 1, seconds: 2, cached: false },
  outcome,
})

const points = Array.from({ length: 100 }, (_, i) => i / 100)
const curve = (name: string) => ({
  ...{ name, weights: 100, fractions: points },
  ...{ zeroed: points.map(share => share * 100), mean: points, worst: points },
})

it('a stage is listed with its counts and its score', () => {
  expect(listedStage(stage(null))).toMatchObject({ counts: null, score: null, curves: null })
  expect(listedStage(stage(pruned(4)))).toMatchObject({ counts: { zeros: 4, weights: 8 }, score: null, curves: null })
  const { counts, score } = listedStage(stage(evaluated(3)))
  expect([counts !== null, score]).toEqual([true, { correct: 3, total: 4, top1: 0.75, split: 'test' }])
})

it('curves are listed by the names of their layers, whatever was measured', () => {
  const outcome = pruned(4)
  if (outcome.use !== 'prune') throw new Error('it prunes')
  const curves = Array.from({ length: 20 }, (_, i) => curve(`layer${i}`))
  const additivity = { points: [], slope: 1, rankCorrelation: 0.75, warning: 'badly' }
  const full = stage({ ...outcome, result: { ...outcome.result, curves, additivity } })
  expect(listedStage(full).curves).toEqual({
    ...{ layers: curves.map(({ name }) => name), shares: 100, sparsity: outcome.result.sparsity },
    sum: curves.flatMap(({ mean }) => mean).reduce((sum, value) => sum + value),
    additivity: { rankCorrelation: 0.75, isGood: false },
  })
  expect(JSON.stringify(listedStage(full)).length * 50).toBeLessThan(JSON.stringify(full).length)
})
