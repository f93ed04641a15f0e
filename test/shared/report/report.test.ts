import { describe, expect, it } from 'vitest'
import type { ComparedRun, RunSummary } from '../../../src/shared/domain.ts'
import { comparisonReport } from '../../../src/shared/report/report.ts'
import { html } from '../../../src/shared/report/text.ts'

function run(number: number, more: Partial<ComparedRun> = {}): ComparedRun {
  return {
    id: `run-${number}`,
    number,
    name: `Run ${number}`,
    seed: 0,
    state: 'finished',
    model: 'resnet8-a',
    data: 'glyphs.json',
    accuracy: { correct: 890, total: 1000, top1: 0.89, top5: 0.99, loss: 0.3, split: 'test' },
    before: { correct: 905, total: 1000, top1: 0.905, split: 'test' },
    zeros: 6,
    weights: 8,
    sparsity: 0.75,
    macs: 12_200_000,
    nonzeroMacs: 3_970_000,
    seconds: 43.7,
    layers: [
      { name: 'conv1', weights: 4, zeros: 3 },
      { name: 'fc', weights: 4, zeros: 3 },
    ],
    classes: [
      { name: 'ring', correct: 80, total: 100 },
      { name: 'star', correct: 0, total: 0 },
    ],
    settings: { 'stages[0].use': 'prune', 'stages[0].sparsity': '0.75' },
    ...more,
  }
}

function summary(number: number, curve: readonly (number | null)[]): RunSummary {
  const epochs = curve.map((valTop1, at) => ({
    ...{ epoch: at + 1, loss: 1, trainTop1: 0.5, valTop1, valLoss: 1, learningRate: 0.1, sparsity: 0, seconds: 1 },
  }))
  return {
    ...{ id: `run-${number}`, number, name: '', seed: 0, state: 'finished', identity: null, recipeId: null },
    ...{ triedBy: null, createdAt: 0, startedAt: 0, endedAt: 0, error: null },
    stages: [
      {
        ...{ index: 0, use: 'train', state: 'finished', startedAt: 0, seconds: 1, cached: false },
        outcome: {
          use: 'train',
          result: { trainableParams: 8, epochs, kept: 1, stoppedEarly: false, zeros: 0, weights: 8 },
        },
      },
    ],
  }
}

const report = (runs: ComparedRun[], differing: string[] = [], summaries: RunSummary[] = []) =>
  comparisonReport({
    title: 'Compared',
    comparison: { runs, differing },
    runs: summaries,
    project: '/home/ada/p.espalier',
    version: '0.1.0',
    createdAt: Date.UTC(2026, 0, 2, 3, 4),
  })

/** Tags that are opened and not closed, or closed and not opened. */
function unbalanced(document: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [, slash, name, rest] of document.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/gi)) {
    if (rest?.endsWith('/') || name === 'meta' || name === 'doctype') continue
    if (!slash) open.push(name!)
    else if (open.pop() !== name) wrong.push(name!)
  }
  return [...wrong, ...open]
}
const cells = (document: string) => [...document.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => text)

describe('text in HTML', () => {
  it('is escaped unless it was made as HTML', () => {
    const bold = html`<b>${'1 < 2 & "three"'}</b>`
    expect(html`<p title="${"it's"}">${bold}${[bold, '<i>']}${3}</p>`.html).toBe(
      '<p title="it&#39;s"><b>1 &lt; 2 &amp; &quot;three&quot;</b><b>1 &lt; 2 &amp; &quot;three&quot;</b>&lt;i&gt;3</p>',
    )
  })
})

describe('a report', () => {
  it('says of each run what the comparison says', () => {
    const document = report([run(1), run(2, { sparsity: null, zeros: null, nonzeroMacs: null, before: null })])
    const texts = cells(document)
    expect(texts.slice(0, 8)).toEqual([
      '0',
      'finished',
      '89.0 %',
      '890 / 1,000',
      '90.5 %',
      '75.0 %',
      '3.97 M',
      '43.7 s',
    ])
    expect(texts.slice(8, 16)).toEqual(['0', 'finished', '89.0 %', '890 / 1,000', '–', '–', '–', '43.7 s'])
    expect(document).toContain('/home/ada/p.espalier')
    expect(document).toContain('2026-01-02 03:04 UTC')
    // Layers and classes; a class without samples has no share.
    expect(document).toMatch(/<th>conv1<\/th><td[^>]*>75\.0 %<\/td>/)
    expect(document).toMatch(/<th>ring<\/th><td[^>]*>80\.0 %<\/td>/)
    expect(document).toMatch(/<th>star<\/th><td><\/td>/)
  })

  it('says of which split an accuracy is that is not of test', () => {
    const accuracy = { ...run(1).accuracy!, split: 'validation' }
    const document = report([run(1, { accuracy }), run(2)])
    expect(cells(document)[2]).toBe('validation 89.0 %')
    expect(cells(document)[4]).toBe('90.5 %')
    expect(document).toContain('Run 1 validation<')
    expect(document).toContain('Run 2<')
  })

  it('draws a bar as long as its share, and a line through the epochs of all stages', () => {
    const full = Number(/<rect[^>]*width="(\d+)"[^>]*bar-rest/.exec(report([run(1)]))![1])
    expect(Number(/<rect[^>]*width="([\d.]+)"[^>]*var\(--bar\)/.exec(report([run(1)]))![1])).toBeCloseTo(0.89 * full, 0)
    const document = report([run(1), run(2)], [], [summary(1, [0.5, 0.75, 1]), summary(2, [null, null])])
    const lines = [...document.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points!.split(' '))
    expect(lines).toHaveLength(1)
    const heights = lines[0]!.map(point => Number(point.split(',')[1]))
    expect(heights[0]! - heights[1]!).toBeCloseTo(heights[1]! - heights[2]!, 0)
  })

  it('leaves out what nobody has', () => {
    const bare = { accuracy: null, before: null, layers: [], classes: [], settings: {} }
    const document = report([run(1, bare)])
    for (const title of ['Accuracy', 'Training', 'Layers', 'Classes', 'Settings'])
      expect(document).not.toContain(`<h2>${title}</h2>`)
    expect(report([])).toContain('<h2>Runs</h2>')
  })

  it('shows the settings that runs are told apart by', () => {
    const other = run(2, { settings: { 'stages[0].use': 'evaluate', 'data.augment': 'none' } })
    const first = run(1, {
      settings: { 'stages[0].use': 'prune', 'stages[0].sparsity': '0.75', 'data.augment': 'crop-flip' },
    })
    const document = report([first, other], ['stages[0].use', 'stages[0].sparsity', 'data.augment'])
    expect(document).toContain('<th>Stage 1</th><td>prune</td><td>evaluate</td>')
    expect(document).toContain('<th>Data: augmentation</th><td>crop-flip</td><td>none</td>')
    expect(document).toContain('<th>Stage 1: sparsity</th><td>0.75</td><td>–</td>')
    expect(report([first, other], ['stages[0].use'])).not.toContain('crop-flip')
  })

  it('is one whole file that runs nothing and fetches nothing, whatever runs are called', () => {
    const evil = run(1, {
      name: '"><script>alert(1)</script><img src=x onerror=alert(1)>',
      model: '</style><script src="//x"></script>',
      classes: [{ name: '<svg onload=x>', correct: 1, total: 1 }],
      layers: [{ name: '&lt;b>', weights: 2, zeros: 1 }],
      settings: { '<a href="//y">': '<b>' },
    })
    const document = report([evil, run(2)], ['<a href="//y">'], [summary(1, [0.5, 0.6])])
    expect(document).not.toMatch(/<script|<img|<svg on|<a |<link|<b>|url\(|@import/)
    expect(document).toContain('&amp;lt;b&gt;')
    expect(document).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    expect(document).toContain('prefers-color-scheme: dark')
    expect(unbalanced(document)).toEqual([])
  })
})
