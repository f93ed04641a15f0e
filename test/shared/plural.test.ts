import { expect, it } from 'vitest'
import { plural, unitBehind } from '../../src/shared/plural.ts'

it('says one of one, many of any other number', () => {
  expect([0, 1, 2, 1200].map(n => plural(n, 'run'))).toEqual(['0 runs', '1 run', '2 runs', '1,200 runs'])
  expect([1, 3].map(n => plural(n, 'batch', 'batches'))).toEqual(['1 batch', '3 batches'])
})

it('puts the unit of a parameter behind its number', () => {
  expect(unitBehind(1, 'epochs')).toBe('epoch')
  expect([undefined, 0, 0.5, 2].map(n => unitBehind(n, 'epochs'))).toEqual(Array(4).fill('epochs'))
})
