import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { datasetReaders, openDataset, requireSplit } from '../../../src/formats/datasets.ts'
import { makeZip } from '../codecs/make-zip.ts'
import { thrownBy } from '../fuzz.ts'
import { cifarBatch, type Files, folders, idxFile, image, npyFile, tarFile } from './made.ts'

const { make, save } = folders()
const png = await image([1, 2, 3])

/** The smallest data set of each reader, by reader id. */
const smallest: Readonly<Record<string, Files>> = {
  'cifar-binary': { 'data_batch_1.bin': cifarBatch([[1]]) },
  'cifar-python': {}, // has fixtures of its own
  idx: { 'train-images-idx3-ubyte': idxFile(8, [1, 1, 1], [5]), 'train-labels-idx1-ubyte': idxFile(8, [1], [0]) },
  npz: { 'x.npy': npyFile('|u1', [1, 1, 1], Uint8Array.of(5)), 'y.npy': npyFile('|u1', [1], Uint8Array.of(0)) },
  'class-folders': { 'a/1.png': png, 'b/1.png': png },
  'uci-har': {
    'train/y_train.txt': '1\n2\n',
    'train/Inertial Signals/a_train.txt': ' 1 2\n 3 4\n',
  },
  table: { 'train.csv': 'x,class\n1,a\n2,b\n' },
  glyphs: { 'glyphs.json': '{ "espalier-dataset": "glyphs", "train": 10, "test": 10, "seed": 0 }' },
}

describe('the table of readers', () => {
  it('has permanent, different ids, labels and words', () => {
    expect(datasetReaders.map(({ id }) => id).sort()).toEqual(Object.keys(smallest).sort())
    expect(new Set(datasetReaders.map(({ label }) => label)).size).toBe(datasetReaders.length)
    for (const { looksFor } of datasetReaders) expect(looksFor.length).toBeGreaterThan(10)
  })

  it.each(datasetReaders.filter(({ id }) => id !== 'cifar-python'))(
    '$id opens its smallest data set, at any depth, also packed',
    async ({ id }) => {
      const entries = Object.entries(smallest[id]!).map(([name, data]) => ({
        name: `deep/down/${name}`,
        data: Buffer.from(data),
      }))
      const paths = [
        make(smallest[id]!),
        make(Object.fromEntries(entries.map(({ name, data }) => [name, data]))),
        save('d.zip', makeZip(entries)),
        save('d.tar.gz', gzipSync(await tarFile(entries))),
      ]
      for (const path of paths) {
        const dataset = await openDataset(path)
        expect(dataset.format).toBe(id)
        expect(dataset.splits.train!.count).toBeGreaterThan(0)
        await dataset.close()
      }
    },
  )
})

describe('options of the reader', () => {
  it('are refused where they would be ignored', async () => {
    const path = make(smallest['class-folders']!)
    expect(await thrownBy(() => openDataset(path, { reader: { window: 128 } }))).toMatchObject({
      code: 'argument.invalid',
      message: expect.stringContaining('data.reader.window'),
      file: path,
    })
    await (await openDataset(path, { reader: {} })).close()
  })

  it('make other data of the same files', async () => {
    const path = make({ 'x.csv': 'x,class\n1,a\n2,a\n3,b\n4,b\n' })
    const fingerprints = new Set<string>()
    for (const reader of [{}, { window: 2 }, { window: 2, stride: 1 }, { stride: 1, window: 2 }, { window: 1 }]) {
      const dataset = await openDataset(path, { reader })
      fingerprints.add(dataset.fingerprint)
      await dataset.close()
    }
    expect(fingerprints.size).toBe(4)
  })
})

describe('what is no data set', () => {
  it('a path that is not there', async () => {
    expect(await thrownBy(() => openDataset('/no/such/folder'))).toMatchObject({
      code: 'file.missing',
      file: '/no/such/folder',
    })
  })

  it('an empty folder, one of hidden files only, an empty zip', async () => {
    for (const path of [make({}), make({ '.DS_Store': 'x', '__MACOSX/a.png': 'x' }), save('e.zip', makeZip([]))]) {
      const error = await thrownBy(() => openDataset(path))
      expect(error).toMatchObject({ code: 'dataset.empty', file: path })
      expect(error.rule).toContain('class')
    }
  })

  it.each([
    ['a text file named .bin', 'note.bin', Buffer.from('dear diary'), /starts like text/],
    ['a picture', 'cat.png', png, /starts like a PNG image/],
    ['an empty file', 'nothing', new Uint8Array(), /is empty/],
    ['gzip of something', 'x.gz', gzipSync('hello'), /gzip/],
  ])('%s', async (_, name, content, message) => {
    const error = await thrownBy(() => openDataset(save(name, content)))
    expect(error.code).toBe('file.unknown-format')
    expect(error.message).toMatch(message)
    expect(error.rule).toMatch(/data_batch_1\.bin.*train-images.*x_train.*PNG/)
  })

  it('a folder of other things, naming some of them', async () => {
    const error = await thrownBy(() =>
      openDataset(
        make({ 'a.txt': 'x', 'b.csv': 'x', 'c.md': 'x', 'd.py': 'x', 'one.zip': makeZip([]), 'two.zip': makeZip([]) }),
      ),
    )
    expect(error).toMatchObject({
      code: 'file.unknown-format',
      message: expect.stringMatching(/6 files such as a\.txt, b\.csv, c\.md/),
    })
  })

  it('a zip with path traversal, a zip bomb, a damaged zip', async () => {
    const data = Buffer.from('x')
    const codes: string[] = []
    for (const bytes of [
      makeZip([{ name: '../../evil.png', data }]),
      makeZip([{ name: 'a/1.png', data: Buffer.alloc(70 * 2 ** 20), deflate: true }]),
      makeZip([{ name: 'a/1.png', data }]).subarray(0, 60),
    ]) {
      codes.push((await thrownBy(() => openDataset(save('bad.zip', bytes)))).code)
    }
    expect(codes).toEqual(['archive.unsafe-path', 'archive.bomb', 'file.truncated'])
  })

  it('a split that is not there', async () => {
    const dataset = await openDataset(make({ 'data_batch_1.bin': cifarBatch([[1]]) }))
    expect(requireSplit(dataset, 'train').count).toBe(1)
    const error = await thrownBy(() => requireSplit(dataset, 'test', 'my/data'))
    expect(error).toMatchObject({ code: 'dataset.no-split', message: 'my/data has no test split, only train.' })
  })
})
