import { describe, expect, it } from 'vitest'
import {
  namedText,
  parseIntegers,
  parseNamed,
  parseNumber,
  parseShares,
} from '../../../src/renderer/src/lib/number-text.ts'

describe('numbers as a person types them', () => {
  it.each([
    ['', undefined],
    ['0.7', 0.7],
    ['0,7', 0.7],
    [' .5 ', 0.5],
    ['70 %', 0.7],
    ['33.3%', 0.333],
    ['1e-3', 0.001],
    ['abc', 'abc'],
    ['0.', 0],
    ['1.2.3', '1.2.3'],
  ])('%j', (text, value) => expect(parseNumber(text)).toBe(value))

  it.each([
    ['0', [0]],
    ['0, 1, 2', [0, 1, 2]],
    ['0 1;2', [0, 1, 2]],
    ['0-4', [0, 1, 2, 3, 4]],
    ['7, x', [7, 'x']],
    ['1.5', ['1.5']],
    ['0-1000000', ['0-1000000']],
    ['', []],
  ])('whole numbers %j', (text, values) => expect(parseIntegers(text)).toEqual(values))

  it.each([
    ['0.3, 0.5, 0.7', [0.3, 0.5, 0.7]],
    ['0.3,0.5', [0.3, 0.5]],
    ['.3,.5', [0.3, 0.5]],
    ['0,3 0,5', [0.3, 0.5]],
    ['30 %, 50%', [0.3, 0.5]],
    ['30%,50%', [0.3, 0.5]],
    ['0.5; 0.5', [0.5]],
    ['half', ['half']],
    [' ', []],
  ])('shares %j', (text, values) => expect(parseShares(text)).toEqual(values))

  it.each([
    ['conv1: 0.5; layer1.0.conv1: 12', { conv1: 0.5, 'layer1.0.conv1': 12 }],
    ['conv1 50 %, linear = 0', { conv1: 0.5, linear: 0 }],
    ['conv1 0,5; linear', { conv1: 0.5, linear: '' }],
    ['conv1: much', { conv1: 'much' }],
    ['', {}],
  ])('by name %j', (text, named) => expect(parseNamed(text)).toEqual(named))

  it('by name, as text and back', () => {
    const named = { conv1: 0.5, linear: 0 }
    expect(parseNamed(namedText(named))).toEqual(named)
  })
})
