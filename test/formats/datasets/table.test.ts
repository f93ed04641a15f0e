import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fieldsOf, findSeparator, type Separator } from '../../../src/formats/datasets/table/csv.ts'
import { windowEnds } from '../../../src/formats/datasets/table/windows.ts'
import { openDataset } from '../../../src/formats/datasets.ts'
import type { ReaderOptions } from '../../../src/shared/reader-options.ts'
import { thrownBy } from '../fuzz.ts'
import { folders, readAll, texts } from './made.ts'

const { root, make } = folders()
const open = (text: string, reader: ReaderOptions = {}) =>
  openDataset(join(make({ 'x.csv': text }), 'x.csv'), { reader })
const samplesOf = async (text: string, reader: ReaderOptions = {}) => {
  const dataset = await open(text, reader)
  const train = dataset.splits.train!
  return { dataset, samples: await readAll(dataset, train), labels: [...train.labels].map(l => dataset.classes[l]) }
}

describe('fields', () => {
  it.each<[string, Separator, string[] | null]>([
    ['1,2, three ', ',', ['1', '2', 'three']],
    ['', ',', ['']],
    ['1,,3,', ',', ['1', '', '3', '']],
    ['"a, b";"say ""yes""" ;3', ';', ['a, b', 'say "yes"', '3']],
    ['1,"2"', ',', ['1', '2']],
    ['"",', ',', ['', '']],
    ['1,"2', ',', null],
    ['1,"2" 3', ',', null],
    ['  1   2 ', ' ', ['1', '2']],
    ['a\t\tb', '\t', ['a', '', 'b']],
  ])('of %j', (line, separator, fields) => {
    expect(fieldsOf(line, separator)).toEqual(fields)
  })

  it.each([
    ['x,y;z', '1,2;3', ','],
    ['x;y', '1,5;2,5', ';'],
    ['x\ty z', '1\t2 3 4', '\t'],
    ['1 2 3', '4 5 6', ' '],
    ['1|2', '3|4', '|'],
    ['alone', 'alone', ','],
  ])('are separated in %j and %j by %j', (first, second, separator) => {
    expect(findSeparator(first, second)).toBe(separator)
  })
})

describe('windows', () => {
  it('are those of the definition', () => {
    const labels = [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    for (let length = 1; length <= 5; length++) {
      for (let stride = 1; stride <= 4; stride++) {
        const expected: number[] = []
        // Every run of one class on its own: starts at multiples of the stride from the start of the run.
        for (let start = 0; start < labels.length; ) {
          let end = start
          while (labels[end] === labels[start]) end++
          for (let from = start; from + length <= end; from += stride) expected.push(from + length - 1)
          start = end
        }
        const isEnd = windowEnds({ length, stride })
        expect(labels.flatMap((label, row) => (isEnd(label) ? [row] : []))).toEqual(expected)
      }
    }
  })
})

describe('a table', () => {
  const signal =
    'time,ax,ay,activity\n1,0.5,10,walk\n2,0.25,20,walk\n3,1,30,walk\n4,2,40,sit\n5,3,50,sit\n6,4,60,walk\n'

  it('has a row a sample where nothing is said', async () => {
    const { dataset, samples, labels } = await samplesOf(signal)
    expect(dataset).toMatchObject({ format: 'table', shape: [1, 3], sampleType: 'float32', classes: ['sit', 'walk'] })
    expect(samples[1]).toEqual([2, 0.25, 20])
    expect(labels).toEqual(['walk', 'walk', 'walk', 'sit', 'sit', 'walk'])
    expect(texts(dataset.notes, 'guessed')).toMatch(/The class is activity\.\n.*time, ax, ay/)
    expect(texts(dataset.notes, 'guessed')).toMatch(/Each row is a sample/)
    expect(texts(dataset.notes, 'guessed')).toMatch(/all rows are training data/)
  })

  it('is cut into windows that do not mix classes', async () => {
    const { dataset, samples, labels } = await samplesOf(signal, { window: 2, stride: 1, columns: ['ay', 'ax'] })
    expect(dataset.shape).toEqual([2, 2])
    expect(samples).toEqual([
      [10, 0.5, 20, 0.25],
      [20, 0.25, 30, 1],
      [40, 2, 50, 3],
    ])
    expect(labels).toEqual(['walk', 'walk', 'sit'])
    expect(texts(dataset.notes, 'matched')).toBe('3 windows of 2 rows, each of one class, every 1 rows; 6 rows in all.')
    expect((await samplesOf(signal, { window: 2 })).samples).toHaveLength(2)
  })

  it('cuts windows within a file, not across files, and takes splits from names', async () => {
    const folder = make({
      'train_1.csv': 'x,class\n1,a\n2,a\n3,a\n',
      'train_2.csv': 'x,class\n4,a\n5,b\n6,b\n',
      'test/one.csv': 'x,class\n7,b\n8,b\n',
    })
    const dataset = await openDataset(folder, { reader: { window: 2 } })
    expect(await readAll(dataset, dataset.splits.train!)).toEqual([
      [1, 2],
      [5, 6],
    ])
    expect(await readAll(dataset, dataset.splits.test!)).toEqual([[7, 8]])
    expect([...dataset.splits.train!.labels, ...dataset.splits.test!.labels]).toEqual([0, 1, 1])
  })

  it('is read in pieces as it is read whole', async () => {
    // Many more rows than a piece of the file or a block of samples holds.
    const rows = Array.from(
      { length: 60_000 },
      (_, i) => `${i},${(i * 7) % 1000},${Math.floor(i / 1000) % 2 ? 'b' : 'a'}`,
    )
    const { samples, labels } = await samplesOf(`${rows.join('\r\n')}\r\n`, { window: 100, stride: 50 })
    expect(samples).toHaveLength(60 * 19)
    for (const index of [0, 1, 18, 19, 500, 60 * 19 - 1]) {
      const first = Math.floor(index / 19) * 1000 + (index % 19) * 50
      const expected = Array.from({ length: 100 }, (_, row) => [first + row, ((first + row) * 7) % 1000])
      expect(samples[index]).toEqual(expected.flat())
      expect(labels[index]).toBe(Math.floor(index / 19) % 2 ? 'b' : 'a')
    }
  })

  it.each<[string, string, ReaderOptions, number[], string[]]>([
    ['no header', '1,2,0\n3,4,1\n', {}, [1, 2], ['0', '1']],
    ['classes in words without header', '1,2,up\n3,4,down\n', {}, [1, 2], ['down', 'up']],
    ['a label in front, found by its name', 'label,x\n2,5\n10,6\n', {}, [5], ['2', '10']],
    ['a label by number', '7,1,2\n8,3,4\n', { label: 1 }, [1, 2], ['7', '8']],
    ['a label by name', 'a,b,c\n1,2,3\n4,5,6\n', { label: 'b' }, [1, 3], ['2', '5']],
    ['columns of text', 'name,x,class\nAnn,1,0\nBob,2,1\n', {}, [1], ['0', '1']],
    ['semicolons and a byte order mark', '\uFEFFx;class\n1;a\n2;b\n', {}, [1], ['a', 'b']],
    ['tabs and blank lines', 'x\tclass\n\n1\ta\n\n2\tb', {}, [1], ['a', 'b']],
    ['quoted names', '"x, in m","class"\n1,"a ""b"""\n2,c\n', {}, [1], ['a "b"', 'c']],
  ])('may have %s', async (_what, text, reader, first, classes) => {
    const { dataset, samples } = await samplesOf(text, reader)
    expect(samples).toHaveLength(2)
    expect(samples[0]).toEqual(first)
    expect(dataset.classes).toEqual(classes)
  })

  it('is parsed into samples once where they can be kept', async () => {
    const path = make({ 'x.csv': signal })
    const steps: string[] = []
    const options = {
      cacheDirectory: join(root, 'cache'),
      onProgress: ({ step }: { step: string }) => steps.push(step),
    }
    const first = await openDataset(path, options)
    expect(steps).toContain('Reading rows')
    steps.length = 0
    const second = await openDataset(path, options)
    expect(steps).not.toContain('Reading rows')
    expect(await readAll(second, second.splits.train!)).toEqual(await readAll(first, first.splits.train!))
  })

  it.each<[string, string, ReaderOptions, string, RegExp]>([
    ['a row that is short', 'x,y,class\n1,2,a\n3,b\n', {}, 'dataset.invalid', /^Row 3 of .*x\.csv has 2 fields/],
    ['an empty field', 'x,y,class\n1,2,a\n3,,b\n', {}, 'dataset.invalid', /^Row 3 of .*has nothing in y\./],
    ['text among numbers', 'x,class\n1,a\n1e999,b\n', {}, 'dataset.invalid', /^Row 3 of .*holds "1e999" in x\./],
    ['no class', 'x,class\n1,a\n2,\n', {}, 'dataset.invalid', /^Row 3 of .*has no class/],
    ['a quote without end', 'x,class\n1,a\n"2,b\n', {}, 'dataset.invalid', /^Row 3 of .*quote/],
    ['one column', '1\n2\n', {}, 'dataset.invalid', /one field only/],
    ['an empty file', '\n', {}, 'dataset.invalid', /one field only/],
    ['no feature', 'a,b\nx,y\nz,w\n', {}, 'dataset.invalid', /no number that could be a feature/],
    ['one class', 'x,class\n1,a\n2,a\n', {}, 'dataset.classes', /All rows of .* are of the class "a"/],
    ['fractions as classes', 'x,y\n1,0.5\n2,0.25\n', {}, 'dataset.classes', /column y of .* is no class.*0\.5/],
    ['too long a window', 'x,class\n1,a\n2,b\n', { window: 3 }, 'dataset.invalid', /no 3 rows of one class/],
    ['a label that is not there', 'x,class\n1,a\n2,b\n', { label: 'klass' }, 'argument.invalid', /no column klass/],
    [
      'a label beyond the columns',
      'x,class\n1,a\n2,b\n',
      { label: 3 },
      'argument.invalid',
      /is 3, and .* has 2 columns/,
    ],
    [
      'features with the label',
      'x,class\n1,1\n2,2\n',
      { columns: ['class'] },
      'argument.invalid',
      /which is the label/,
    ],
  ])('is refused for %s', async (_what, text, reader, code, message) => {
    expect(await thrownBy(() => open(text, reader))).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('is refused where files have other columns', async () => {
    const folder = make({ 'train.csv': 'x,class\n1,a\n2,b\n', 'test.csv': 'y,class\n1,a\n2,b\n' })
    expect(await thrownBy(() => openDataset(folder))).toMatchObject({
      code: 'dataset.invalid',
      message: expect.stringMatching(/has the columns y, class|has the columns x, class/),
    })
  })
})
