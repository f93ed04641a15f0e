import { describe, expect, it } from 'vitest'
import { viridis, viridisAt } from '../../../src/renderer/src/lib/color-scale.ts'
import { classMatrix, comparisonCsv, layerMatrix, linesOf } from '../../../src/renderer/src/lib/comparison.ts'
import { toRgba } from '../../../src/renderer/src/lib/picture.ts'
import { rank } from '../../../src/renderer/src/lib/search.ts'
import { sorted } from '../../../src/renderer/src/lib/sorting.ts'
import { visibleRange } from '../../../src/renderer/src/lib/visible-rows.ts'
import { toCsv } from '../../../src/shared/csv.ts'
import type { ComparedRun } from '../../../src/shared/domain.ts'

const compared = (
  number: number,
  allocation: string,
  sparsity: number,
  layers: [string, number, number][],
): ComparedRun => ({
  id: `r${number}`,
  number,
  name: `${allocation} ${sparsity}`,
  seed: 0,
  state: 'finished',
  model: 'net.th',
  data: 'cifar',
  accuracy: { correct: 9, total: 10, top1: 0.9, top5: 1, loss: 0.3, split: 'test' },
  before: null,
  zeros: 1,
  weights: 2,
  sparsity,
  macs: 10,
  nonzeroMacs: 5,
  seconds: 1,
  layers: layers.map(([name, weights, zeros]) => ({ name, weights, zeros })),
  classes: [{ name: 'cat', correct: 1, total: 4 }],
  settings: { 'stages[1].allocation': allocation, 'stages[1].sparsity': String(sparsity) },
})
const runs = [
  compared(1, 'global', 0.7, [
    ['conv1', 10, 5],
    ['linear', 4, 1],
  ]),
  compared(2, 'uniform', 0.3, [
    ['conv1', 10, 3],
    ['linear', 4, 1],
  ]),
  compared(3, 'global', 0.3, [
    ['conv1', 10, 2],
    ['head', 4, 4],
  ]),
]
const comparison = { runs, differing: ['stages[1].allocation', 'stages[1].sparsity'] }

describe('compared runs', () => {
  it('are joined to lines by all that differs but the sparsity, in the order of sparsity', () => {
    expect(linesOf(comparison).map(line => [line.name, line.runs.map(run => run.number)])).toEqual([
      ['global', [3, 1]],
      ['uniform', [2]],
    ])
    expect(linesOf({ runs, differing: ['stages[1].sparsity'] })).toHaveLength(1)
    const differing = ['stages[1].allocation', 'a', 'b', 'c']
    expect(linesOf({ runs, differing }).map(line => line.name)).toEqual(['1 global 0.7 and 1 more', '2 uniform 0.3'])
  })

  it('become a matrix of layers, also of other architectures', () => {
    expect(layerMatrix(runs)).toEqual({
      layers: ['conv1', 'linear', 'head'],
      shares: [
        [0.5, 0.3, 0.2],
        [0.25, 0.25, null],
        [null, null, 1],
      ],
    })
    expect(classMatrix(runs)).toEqual({ classes: ['cat'], shares: [[0.25, 0.25, 0.25]] })
  })

  it('become a file with every setting', () => {
    const [head, first] = comparisonCsv(comparison).split('\r\n')
    expect(head).toContain('sparsity,zeros,weights')
    expect(head).toContain('stages[1].allocation,stages[1].sparsity')
    expect(first).toBe('1,global 0.7,0,finished,net.th,cifar,0.9,9,10,1,0.3,test,,,0.7,1,2,10,5,1,r1,global,0.7')
  })
})

describe('tables', () => {
  it('quote what would break a line, and what a spreadsheet would run', () => {
    expect(toCsv([['a,b', 'c"d', '=1+1', null, 0.5]])).toBe('"a,b","c""d",\'=1+1,,0.5\r\n')
  })

  it('sort numbers as numbers, words as people do, and the unknown last in both directions', () => {
    const by = (descending: boolean) => sorted([3, null, 10, 1], x => x, descending)
    expect(by(false)).toEqual([1, 3, 10, null])
    expect(by(true)).toEqual([10, 3, 1, null])
    expect(sorted(['run 10', 'run 9'], x => x, false)).toEqual(['run 9', 'run 10'])
  })

  it('render no more rows than can be seen, and all of a short table', () => {
    expect(visibleRange(1000, 28, 0, 280)).toEqual({ from: 0, to: 22 })
    expect(visibleRange(1000, 28, 14_000, 280)).toEqual({ from: 488, to: 522 })
    expect(visibleRange(3, 28, 0, 800)).toEqual({ from: 0, to: 3 })
    expect(visibleRange(3, 28, 9000, 800)).toEqual({ from: 3, to: 3 })
  })
})

describe('search', () => {
  it('wants every word, and puts a match at the start first', () => {
    const names = ['Compare', 'New recipe', 'Recipes', 'Runs']
    expect(rank('re', names, n => n)).toEqual(['Recipes', 'New recipe', 'Compare'])
    expect(rank('rec new', names, n => n)).toEqual(['New recipe'])
    expect(rank('  ', names, n => n)).toEqual(names)
  })
})

describe('pictures', () => {
  it('become opaque RGBA, gray or colour', () => {
    const gray = { width: 2, height: 1, channels: 1 as const, pixels: Buffer.from([0, 200]).toString('base64') }
    expect([...toRgba(gray)]).toEqual([0, 0, 0, 255, 200, 200, 200, 255])
    const color = { width: 1, height: 1, channels: 3 as const, pixels: Buffer.from([1, 2, 3]).toString('base64') }
    expect([...toRgba(color)]).toEqual([1, 2, 3, 255])
  })

  it('take their scale between its samples, and stay inside it', () => {
    expect(viridisAt(0)).toBe('rgb(68 1 84)')
    expect(viridisAt(1)).toBe('rgb(253 231 37)')
    expect(viridisAt(7)).toBe(viridisAt(1))
    expect(viridisAt(0.5)).toBe('rgb(33 145 140)')
    expect(viridis).toHaveLength(9)
  })
})
