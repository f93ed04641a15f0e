import { expect, it } from 'vitest'
import { oneLine } from '../../src/cli/errors.ts'
import { roundLine } from '../../src/cli/federation-lines.ts'
import { jsonLine, macs, percent, seconds, table } from '../../src/cli/format.ts'
import { createProgressLine, progressText } from '../../src/cli/progress-line.ts'
import { projectFileFor } from '../../src/cli/recipe-file.ts'
import { linesOf } from '../../src/cli/stage-lines.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { exampleRecipe } from '../studio/project/examples.ts'

function terminal(isWatched: boolean) {
  const written: string[] = []
  const to: Terminal = { out: () => {}, err: text => written.push(text), isWatched, columns: 20, bold: text => text }
  return { written, to }
}

it('draws over its line while a person watches, and never past the edge', () => {
  const { written, to } = terminal(true)
  const line = createProgressLine(to)
  line.draw('one')
  line.draw('x'.repeat(30))
  line.say('done')
  line.clear()
  expect(written).toEqual(['one', '\r\x1b[2K', 'x'.repeat(19), '\r\x1b[2K', 'done\n'])
})

it('writes only lines that stay into a pipe', () => {
  const { written, to } = terminal(false)
  const line = createProgressLine(to)
  line.draw('one')
  line.say('two')
  line.clear()
  expect(written).toEqual(['two\n'])
})

it('says how far, how fast and how long, and only what is known', () => {
  const part = { stage: 0, step: 'Evaluate', done: 250, total: 1000, unit: 'samples' }
  expect(progressText({ ...part, rate: 1234.4, secondsLeft: 12.3 })).toBe(
    'Evaluate  ######------------------  25 %  12 s left  250/1,000 samples  1,234 samples/s',
  )
  expect(progressText(part)).toBe('Evaluate  ######------------------  25 %  250/1,000 samples')
  expect(progressText({ ...part, total: 0 })).toBe('Evaluate ...')
  const round = { isTwin: false, round: 2, rounds: 6, client: 3, visited: 2, clients: 4, done: 1, total: 2 }
  const federate = { ...part, step: 'Federate' }
  expect(progressText({ ...federate, round })).toMatch(/^Federate {2}round 2\/6, client 3 {2}#/)
  expect(progressText({ ...federate, round: { ...round, isTwin: true, client: null } })).toMatch(
    /^Federate {2}twin, round 2\/6, server {2}#/,
  )
})

it('says in a line what a round of a federation came to', () => {
  const client = { client: 1, state: 'done' as const, steps: 3, trainLoss: 1, trainTop1: 0.5, top1: 0.4 }
  const travelled = { upBytes: 10, downBytes: 20 }
  const round = { round: 3, top1: 0.625, loss: 1, upBytes: 1_210_000, downBytes: 2400, sparsity: 0, seconds: 4.25 }
  const done = { ...round, clients: [{ ...client, ...travelled }] }
  expect(roundLine({ kind: 'round', isTwin: false, round: done })).toBe(
    'round 3, 62.50 % on validation, 1.21 MB up, 2.40 kB down, 4.3 s',
  )
  const dropped = { ...client, ...travelled, client: 2, state: 'dropped' as const }
  const less = { ...done, top1: null, clients: [...done.clients, dropped] }
  expect(roundLine({ kind: 'round', isTwin: true, round: less })).toBe(
    'twin, round 3, 1.21 MB up, 2.40 kB down, 1 of 2 clients left out, 4.3 s',
  )
})

it('formats numbers for a person', () => {
  expect([0.94, 59.6, 89.4, 600, 7300].map(seconds)).toEqual(['0.9 s', '60 s', '89 s', '10 min', '2.0 h'])
  expect([40_551_040, 12_500, 999, 1.82e9].map(macs)).toEqual(['40.6 M', '12.5 k', '999', '1.82 G'])
  expect(percent(0.12345)).toBe('12.35 %')
})

it('aligns tables, words left and numbers right', () => {
  const columns = [
    { title: 'name', text: (row: [string, number]) => row[0] },
    { title: 'n', text: (row: [string, number]) => String(row[1]), right: true },
  ]
  expect(
    table(columns, [
      ['a', 5],
      ['longer', 1000],
    ]),
  ).toEqual(['name       n', 'a          5', 'longer  1000'])
})

it('names a project after its recipe in characters that every file system takes', () => {
  const names = ['Global 90 %', 'a/b\\c:d*e?f"g<h>i|j', '..', '...hidden', 'ends with dots. .', 'x'.repeat(300), '剪枝']
  const files = names.map(name =>
    projectFileFor({ ...exampleRecipe(), name })
      .split('/')
      .at(-1),
  )
  expect(files).toEqual([
    'Global 90 %.espalier',
    'a-b-c-d-e-f-g-h-i-j.espalier',
    'recipe.espalier',
    'hidden.espalier',
    'ends with dots.espalier',
    `${'x'.repeat(200)}.espalier`,
    '剪枝.espalier',
  ])
  const fileOf = (name: string) =>
    projectFileFor({ ...exampleRecipe(), name })
      .split('/')
      .at(-1)
  // Nothing that a shell takes for an option, or Windows for a device; never half of a character.
  expect(['--help', '../../etc/passwd', 'CON', 'con.v2', 'control'].map(fileOf)).toEqual(
    ['help', 'etc-passwd', 'recipe CON', 'recipe con.v2', 'control'].map(name => `${name}.espalier`),
  )
  expect(fileOf('🌳'.repeat(100))).toBe(`${'🌳'.repeat(50)}.espalier`)
  expect(fileOf(`x${'ü'.repeat(150)}`)).toBe(`x${'ü'.repeat(99)}.espalier`)
})

it('shows control characters of names instead of obeying them', () => {
  const rows = table([{ title: 'name', text: (row: string) => row }], ['\x1b[31mred\x07', 'a\nb\x9b2J'])
  expect(rows).toEqual(['name', '?[31mred?', 'a?b?2J'])
  const { written, to } = terminal(true)
  const line = createProgressLine({ ...to, columns: 80 })
  line.draw('Reading \x1b]0;title\x07.zip')
  line.say('run of\r\x9b2K')
  expect(written).toEqual(['Reading ?]0;title?.zip', '\r\x1b[2K', 'run of??2K\n'])
  expect(jsonLine({ name: '\x1b[31m\x9b2J\x7f' })).toBe('{"name":"\\u001b[31m\\u009b2J\\u007f"}\n')
  expect(oneLine({ message: 'There is no \x1b]0;title\x07.', hint: 'Look\n again.' })).toBe(
    'There is no ?]0;title?. Look again.',
  )
})

it('names the layers in which pruning has left nothing', () => {
  const prunedTo = (...zeros: number[]) =>
    linesOf({
      use: 'prune',
      result: {
        ...{ zeros: 0, weights: 20, sparsity: 0 },
        layers: zeros.map((zeros, i) => ({ name: `conv${i}`, weights: 10, zeros })),
      },
    }).filter(line => line.includes('No weight is left'))
  expect(prunedTo(9, 5)).toEqual([])
  expect(prunedTo(10, 9, 10)).toEqual([
    'No weight is left in conv0, conv2: nothing passes there. A minimum to keep (minimumKeep) prevents it.',
  ])
})

it('says one batch of one', () => {
  const result = { shift: 0.5, zeros: 0, weights: 8 }
  const lines = [1, 2].map(n => linesOf({ use: 'recalibrate', result: { ...result, batches: n, samples: n } })[0])
  expect(lines).toEqual([
    'statistics of 1 batch, 1 sample; means moved by 0.500 standard deviations',
    'statistics of 2 batches, 2 samples; means moved by 0.500 standard deviations',
  ])
})
