import { expect, it } from 'vitest'
import { spanPlot } from '../../src/cli/span-plot.ts'

it('puts shares where they belong, from 0 to 100 %', () => {
  const lines = spanPlot(
    [
      { name: 'dense', from: null, to: 1, text: '100 %' },
      { name: 'all', from: 0, to: 0.5, text: '50 %' },
      { name: 'worse', from: 0.9, to: 0.2, text: '20 %' },
      { name: 'same', from: 0.5, to: 0.5, text: '50 %' },
    ],
    // 21 places beside names, texts and blanks.
    5 + 5 + 4 + 21,
  )
  expect(lines).toEqual([
    'dense  ....................o  100 %',
    'all    x---------o..........   50 %',
    'worse  ....o-------------x..   20 %',
    'same   ..........o..........   50 %',
    '       0 %             100 %',
  ])
})

it('keeps to its width, and stays readable in a narrow one', () => {
  const spans = [{ name: 'a name', from: 0.1, to: 0.9, text: '90.0 %' }]
  for (const columns of [40, 80, 100])
    expect(spanPlot(spans, columns).map(line => line.length)).toEqual([columns, columns - 8])
  expect(spanPlot(spans, 5)[0]).toMatch(/x-+o/)
})
