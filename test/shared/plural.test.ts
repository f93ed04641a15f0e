import { expect, it } from 'vitest'
import { z } from 'zod'
import { plural, unitBehind } from '../../src/shared/plural.ts'
import { stages } from '../../src/shared/stages.ts'

it('says one of one, many of any other number', () => {
  expect([0, 1, 2, 1200].map(n => plural(n, 'run'))).toEqual(['0 runs', '1 run', '2 runs', '1,200 runs'])
  expect([1, 3].map(n => plural(n, 'batch', 'batches'))).toEqual(['1 batch', '3 batches'])
})

it('puts the unit of a parameter behind its number', () => {
  expect(unitBehind(1, 'epochs')).toBe('epoch')
  expect([undefined, 0, 0.5, 2].map(n => unitBehind(n, 'epochs'))).toEqual(Array(4).fill('epochs'))
})

it('has a singular for the unit of every parameter', () => {
  const singulars = new Set<string>()
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'unit' && typeof inner === 'string') singulars.add(unitBehind(1, inner))
      walk(inner)
    }
  }
  for (const { schema } of Object.values(stages)) walk(z.toJSONSchema(schema as z.ZodType, { io: 'input' }))
  expect([...singulars].sort()).toEqual([
    ...['allocation', 'batch', 'byte', 'client', 'epoch', 'per client'],
    ...['round', 'sample', 'share', 'stage', 'step'],
  ])
})
