import { expect, it } from 'vitest'
import { curveRecords, curvesCsvHead, curvesCsvRows, curvesFrom } from '../../src/shared/run-curves.ts'

const points = [
  { stage: 0, name: 'loss', step: 1, value: 2.25 },
  { stage: 0, name: 'learningRate', step: 1, value: 0.1 },
  { stage: 0, name: 'loss', step: 2, value: 1e-12 },
  { stage: 2, name: 'loss', step: 1, value: 0.5 },
]
const stages = [{ use: 'train' }, { use: 'evaluate' }, { use: 'prune' }] as const
const run = { number: 7, name: 'Deep, "wide"', seed: 3, stages }

it('points become a curve for each quantity and stage, in their order', () => {
  expect(curvesFrom(points)).toEqual([
    { stage: 0, metric: 'loss', steps: [1, 2], values: [2.25, 1e-12] },
    { stage: 0, metric: 'learningRate', steps: [1], values: [0.1] },
    { stage: 2, metric: 'loss', steps: [1], values: [0.5] },
  ])
  expect(curvesFrom([])).toEqual([])
})

it('leave as a row a point, and as a record a curve that says whose it is', () => {
  const curves = curvesFrom(points)
  expect(curvesCsvHead + curvesCsvRows({ run, curves })).toBe(
    [
      'run,name,seed,stage,use,metric,step,value',
      '7,"Deep, ""wide""",3,0,train,loss,1,2.25',
      '7,"Deep, ""wide""",3,0,train,loss,2,1e-12',
      '7,"Deep, ""wide""",3,0,train,learningRate,1,0.1',
      '7,"Deep, ""wide""",3,2,prune,loss,1,0.5',
      '',
    ].join('\r\n'),
  )
  expect(curveRecords({ run, curves })[2]).toEqual({
    ...{ run: 7, name: 'Deep, "wide"', seed: 3, stage: 2, use: 'prune', metric: 'loss', steps: [1], values: [0.5] },
  })
})
