import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/formats/datasets.ts'
import { thrownBy } from '../fuzz.ts'
import { type Files, folders, readAll, texts } from './made.ts'

const { root, make } = folders()

const signals = ['body_acc_x', 'body_acc_y', 'body_acc_z', 'body_gyro_x', 'body_gyro_y', 'body_gyro_z'].concat(
  ['x', 'y', 'z'].map(axis => `total_acc_${axis}`),
)
const activities = ['WALKING', 'WALKING_UPSTAIRS', 'WALKING_DOWNSTAIRS', 'SITTING', 'STANDING', 'LAYING']
const steps = 128

/** Of window `row` of a split (train 0, test 1); every value another one. */
const value = (split: number, row: number, feature: number, step: number): number =>
  (split * 4096 + row * 512 + step + feature / 16 - 3000) / 1024

/** As the files of UCI HAR have it: `  1.8085150e-004`. */
function written(number: number): string {
  const [digits, exponent = ''] = number.toExponential(7).split('e')
  const sign = exponent.startsWith('-') ? '-' : '+'
  return `${digits!.padStart(11)}e${sign}${exponent.slice(1).padStart(3, '0')}`
}

const labels = { train: [5, 5, 4, 1, 2, 3, 6], test: [2, 6, 1] }

/** The layout of the published archive, filled with numbers of our own. */
function files(more: Files = {}): Files {
  const made: Record<string, string | Uint8Array> = {
    'activity_labels.txt': activities.map((name, index) => `${index + 1} ${name}\n`).join(''),
    'features.txt': '1 tBodyAcc-mean()-X\n',
    'README.txt': 'x',
  }
  for (const [split, name] of (['train', 'test'] as const).entries()) {
    made[`${name}/y_${name}.txt`] = labels[name].map(label => `${label}\n`).join('')
    made[`${name}/subject_${name}.txt`] = labels[name].map(() => '1\n').join('')
    made[`${name}/X_${name}.txt`] = labels[name].map(() => '  2.8858451e-001 -2.0294171e-002\n').join('')
    for (const [feature, signal] of signals.entries()) {
      const row = (_: number, at: number) =>
        Array.from({ length: steps }, (_, step) => written(value(split, at, feature, step))).join(' ')
      made[`${name}/Inertial Signals/${signal}_${name}.txt`] = `${labels[name].map(row).join('\n')}\n`
    }
  }
  return Object.fromEntries(
    Object.entries({ ...made, ...more }).map(([path, data]) => [`UCI HAR Dataset/${path}`, data]),
  )
}

describe('UCI HAR', () => {
  it('becomes windows of 128 steps of nine signals', async () => {
    const dataset = await openDataset(make(files()))
    expect(dataset).toMatchObject({ format: 'uci-har', shape: [128, 9], sampleType: 'float32', classes: activities })
    for (const [split, name] of (['train', 'test'] as const).entries()) {
      const found = dataset.splits[name]!
      expect([...found.labels]).toEqual(labels[name].map(label => label - 1))
      const expected = labels[name].map((_, row) =>
        Array.from({ length: 128 * 9 }, (_, at) => Number(written(value(split, row, at % 9, Math.floor(at / 9))))),
      )
      const all = await readAll(dataset, found)
      expect(all.flat()).toEqual(expected.flat().map(Math.fround))
    }
    expect(texts(dataset.notes, 'matched')).toMatch(/10 windows of 128 steps of 9 signals/)
    expect(texts(dataset.notes, 'matched')).toContain(signals.join(', '))
    await dataset.close()
  })

  it('has two classes as HAR-2, and is then other data', async () => {
    const path = make(files())
    const plain = await openDataset(path)
    const grouped = await openDataset(path, { reader: { grouping: 'har-2' } })
    expect(grouped.classes).toEqual(['SITTING + LAYING + WALKING_UPSTAIRS', 'STANDING + WALKING + WALKING_DOWNSTAIRS'])
    expect([...grouped.splits.train!.labels]).toEqual([1, 1, 0, 1, 0, 1, 0])
    expect([...grouped.splits.test!.labels]).toEqual([0, 0, 1])
    expect(await readAll(grouped, grouped.splits.test!)).toEqual(await readAll(plain, plain.splits.test!))
    expect(grouped.fingerprint).not.toBe(plain.fingerprint)
    const other = make(files({ 'activity_labels.txt': '1 WALKING\n2 RUNNING\n3 A\n4 B\n5 C\n6 D\n' }))
    expect(await thrownBy(() => openDataset(other, { reader: { grouping: 'har-2' } }))).toMatchObject({
      code: 'argument.invalid',
      message: expect.stringContaining('RUNNING'),
    })
  })

  it('is parsed once where it can be kept', async () => {
    const path = make(files())
    const steps: string[] = []
    const options = {
      cacheDirectory: join(root, 'cache'),
      onProgress: ({ step }: { step: string }) => steps.push(step),
    }
    const first = await openDataset(path, options)
    expect(steps).toContain('Reading signals')
    steps.length = 0
    const second = await openDataset(path, options)
    expect(steps).not.toContain('Reading signals')
    expect(await readAll(second, second.splits.train!)).toEqual(await readAll(first, first.splits.train!))
  })

  const gyro = (split: string) => `${split}/Inertial Signals/body_gyro_x_${split}.txt`
  const text = (path: string) => String(files()[`UCI HAR Dataset/${path}`])
  it.each<[string, Files, string, RegExp]>([
    ['a label that is none', { 'test/y_test.txt': '1\n7\n2\n' }, 'dataset.classes', /Line 2 of .*y_test\.txt is "7"/],
    ['an empty label', { 'test/y_test.txt': '1\n\n2\n' }, 'dataset.classes', /Line 2 of .*y_test\.txt is ""/],
    [
      'fewer rows than labels',
      { [gyro('train')]: text(gyro('train')).split('\n').slice(1).join('\n') },
      'dataset.invalid',
      /body_gyro_x_train\.txt has 6 rows, and its split has 7 labels/,
    ],
    [
      'more rows than labels',
      { [gyro('test')]: text(gyro('test')) + text(gyro('test')) },
      'dataset.invalid',
      /body_gyro_x_test\.txt has more rows than the 3 labels/,
    ],
    [
      'a short row',
      { [gyro('train')]: text(gyro('train')).replace(/ +\S+(?=\n)/, '') },
      'dataset.invalid',
      /Row 1 of .*body_gyro_x_train\.txt has 127 numbers, the first row of the data has 128/,
    ],
    [
      'what is no number',
      { [gyro('test')]: text(gyro('test')).replace(/\S+(?=\n)/, 'NaN') },
      'dataset.invalid',
      /Row 1 of .*body_gyro_x_test\.txt holds "NaN"/,
    ],
    [
      'a signal of one split only',
      { 'test/Inertial Signals/extra_test.txt': '1 2\n' },
      'dataset.invalid',
      /has the signal extra for one of its splits only/,
    ],
    ['names out of order', { 'activity_labels.txt': '1 WALKING\n3 SITTING\n' }, 'dataset.invalid', /Line 2/],
  ])('is refused for %s', async (_what, more, code, message) => {
    expect(await thrownBy(() => openDataset(make(files(more))))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })
})
