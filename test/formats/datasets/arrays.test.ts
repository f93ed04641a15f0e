import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { inRows } from '../../../src/formats/arrays/fortran.ts'
import { openDataset } from '../../../src/formats/datasets.ts'
import { makeZip } from '../codecs/make-zip.ts'
import { fuzz, thrownBy } from '../fuzz.ts'
import { bytesOf, type Files, folders, idxFile, npyFile, readAll, texts } from './made.ts'

const { make, save } = folders()
const fixtures = 'test/fixtures/datasets'
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** What the fixture script stores: 6 images of 4 x 5 x 3, value k at place k. */
const image = (index: number): number[] => range(60).map(k => (60 * index + k) % 256)
const red = (index: number): number[] => image(index).filter((_, at) => at % 3 === 0)

describe('IDX', () => {
  const files = (extra: Files = {}): Files => ({
    'train-images-idx3-ubyte': idxFile(8, [3, 2, 2], range(12)),
    'train-labels-idx1-ubyte': idxFile(8, [3], [0, 2, 1]),
    't10k-images-idx3-ubyte': idxFile(8, [1, 2, 2], [9, 8, 7, 6]),
    't10k-labels-idx1-ubyte': idxFile(8, [1], [2]),
    ...extra,
  })

  it('reads MNIST files as gray images', async () => {
    const dataset = await openDataset(make(files({ 'notes.txt': 'x' })))
    expect(dataset).toMatchObject({ format: 'idx', shape: [2, 2, 1], sampleType: 'uint8', classes: ['0', '1', '2'] })
    const { train, test } = dataset.splits
    expect([...train!.labels, ...test!.labels]).toEqual([0, 2, 1, 2])
    expect(await readAll(dataset, train!)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ])
    expect(await readAll(dataset, test!)).toEqual([[9, 8, 7, 6]])
    expect(texts(dataset.notes, 'guessed')).toMatch(/3 classes, named by their number/)
    expect(texts(dataset.notes, 'skipped')).toContain('notes.txt')
  })

  it('reads gzipped files, and a plain one rather than its gzipped copy', async () => {
    const gzipped = Object.fromEntries(Object.entries(files()).map(([name, data]) => [`${name}.gz`, gzipSync(data)]))
    const dataset = await openDataset(make({ ...gzipped, 't10k-labels-idx1-ubyte': idxFile(8, [1], [1]) }))
    expect(await readAll(dataset, dataset.splits.train!)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ])
    expect([...dataset.splits.test!.labels]).toEqual([1])
  })

  it('reads other names of the family, floats and channels first', async () => {
    const floats = Buffer.alloc(4 * 24)
    for (const k of range(24)) floats.writeFloatBE(k / 8, 4 * k)
    const dataset = await openDataset(
      make({
        'emnist-letters-train-images-idx3-ubyte': idxFile(13, [2, 3, 2, 2], floats),
        'emnist-letters-train-labels-idx1-ubyte': idxFile(12, [2], [0, 0, 0, 1, 0, 0, 0, 3]),
      }),
    )
    expect(dataset).toMatchObject({ shape: [2, 2, 3], sampleType: 'float32' })
    const [first] = await readAll(dataset, dataset.splits.train!)
    expect(first).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11].map(k => k / 8))
    expect(texts(dataset.notes, 'guessed')).toMatch(/No sample is of class 0, 2/)
    expect(texts(dataset.notes, 'guessed')).toMatch(/channels x height x width/)
  })

  const images = 'train-images-idx3-ubyte'
  const labels = 'train-labels-idx1-ubyte'
  it.each<[string, Files, string, RegExp]>([
    ['text', { [images]: 'just some words here' }, 'file.corrupt', /images-idx3-ubyte is not an IDX file.*text/],
    ['a cut header', { [images]: idxFile(8, [3, 2, 2], []).subarray(0, 9) }, 'file.truncated', /header is incomplete/],
    [
      'missing values',
      { [images]: idxFile(8, [3, 2, 2], range(11)) },
      'file.truncated',
      /27 bytes where 28.*3 x 2 x 2/,
    ],
    ['values too many', { [images]: idxFile(8, [3, 2, 2], range(13)) }, 'file.corrupt', /29 bytes where 28/],
    [
      'a size nobody has',
      { [images]: idxFile(8, [0xffffffff, 0xffff, 0xffff], range(13)) },
      'file.truncated',
      /4294967295/,
    ],
    ['unequal counts', { [labels]: idxFile(8, [2], [0, 1]) }, 'dataset.invalid', /3 samples, but .* 2 labels/],
    [
      'images of another size',
      { 't10k-images-idx3-ubyte': idxFile(8, [1, 1, 4], range(4)) },
      'dataset.shape',
      /1 x 4 x 1.*2 x 2 x 1/,
    ],
    ['images without height', { [images]: idxFile(8, [3], range(3)) }, 'dataset.shape', /no images/],
    ['no image', { [images]: idxFile(8, [0, 2, 2], []) }, 'dataset.shape', /no images/],
    [
      'float labels',
      { [labels]: idxFile(13, [3], [63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) },
      'dataset.classes',
      /sample 0 is 0.5/,
    ],
    ['negative labels', { [labels]: idxFile(9, [3], [0, 255, 0]) }, 'dataset.classes', /sample 1 is -1/],
  ])('refuses %s', async (_, broken, code, message) => {
    const error = await thrownBy(() => openDataset(make(files(broken))))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(error.file).toBeTruthy()
  })

  it('refuses images without labels', async () => {
    const error = await thrownBy(() => openDataset(make({ [images]: idxFile(8, [1, 2, 2], range(4)) })))
    expect(error).toMatchObject({ code: 'dataset.invalid', message: expect.stringMatching(/no file of labels/) })
  })

  it('refuses gzipped files that are cut, damaged or too long', async () => {
    const whole = gzipSync(idxFile(8, [3, 2, 2], range(12)))
    const flipped = Uint8Array.from(whole, (byte, at) => (at === whole.length - 6 ? byte ^ 1 : byte))
    const codes: string[] = []
    for (const data of [whole.subarray(0, -12), flipped, gzipSync(idxFile(8, [3, 2, 2], range(13)))]) {
      const set = files({ [`${images}.gz`]: data })
      const { [images]: _, ...others } = set
      codes.push((await thrownBy(() => openDataset(make(others)))).code)
    }
    expect(codes).toEqual(['file.truncated', 'file.corrupt', 'file.corrupt'])
  })

  it('refuses a gzip bomb', async () => {
    const count = 17_000_000
    const zeros = (dims: number[]): Uint8Array =>
      gzipSync(Buffer.concat([idxFile(8, dims, []), Buffer.alloc(dims.reduce((a, b) => a * b))]))
    const bomb = { [`${images}.gz`]: zeros([count, 2, 2]), [`${labels}.gz`]: zeros([count]) }
    expect(await thrownBy(() => openDataset(make(bomb)))).toMatchObject({ code: 'archive.bomb' })
  })
})

describe('NumPy arrays', () => {
  it('reads a compressed .npz of uint8 images', async () => {
    const dataset = await openDataset(`${fixtures}/uint8.npz`)
    expect(dataset).toMatchObject({ format: 'npz', shape: [4, 5, 3], sampleType: 'uint8', classes: ['0', '1', '2'] })
    const { train, test } = dataset.splits
    expect(await readAll(dataset, train!)).toEqual(range(4).map(image))
    expect(await readAll(dataset, test!)).toEqual([image(4), image(5)])
    expect([...train!.labels, ...test!.labels]).toEqual([0, 1, 2, 0, 1, 2])
    expect(texts(dataset.notes, 'matched')).toContain(
      'Training samples are x_train (4 x 4 x 5 x 3, uint8), labels y_train.',
    )
    expect(texts(dataset.notes, 'guessed')).toContain('samples x height x width x channels')
  })

  it('reads float64, channels first, one-hot labels', async () => {
    const dataset = await openDataset(`${fixtures}/float64-planar.npz`)
    expect(dataset).toMatchObject({ shape: [4, 5, 3], sampleType: 'float32' })
    expect([...dataset.splits.train!.labels]).toEqual([0, 1, 2, 0, 1, 2])
    const images = await readAll(dataset, dataset.splits.train!)
    expect(images).toEqual(range(6).map(index => image(index).map(value => Math.fround(value / 255))))
    expect(texts(dataset.notes, 'guessed')).toMatch(/samples x channels x height x width/)
    expect(texts(dataset.notes, 'guessed')).toMatch(/between 0 and 1\. They stay as they are/)
    expect(texts(dataset.notes, 'matched')).toMatch(/rounded from float64/)
  })

  it('reads int64 pixels as bytes where all are, and labels in a column', async () => {
    const dataset = await openDataset(`${fixtures}/int64.npz`)
    expect(dataset).toMatchObject({ shape: [4, 5, 1], sampleType: 'uint8' })
    expect(await readAll(dataset, dataset.splits.train!)).toEqual(range(6).map(red))
    expect([...dataset.splits.train!.labels]).toEqual([0, 1, 2, 0, 1, 2])
  })

  it('reads big-endian float16 and int32', async () => {
    const dataset = await openDataset(`${fixtures}/float16-big.npz`)
    expect(dataset).toMatchObject({ shape: [4, 5, 1], sampleType: 'float32' })
    expect(await readAll(dataset, dataset.splits.train!)).toEqual(range(6).map(red))
    expect([...dataset.splits.train!.labels]).toEqual([0, 1, 2, 0, 1, 2])
  })

  const pair = (images: Uint8Array, labels: Uint8Array): Files => ({ 'x_train.npy': images, 'y_train.npy': labels })
  const labels3 = npyFile('|u1', [3], Uint8Array.of(0, 1, 0))

  it('reads .npy files of a folder: integers beyond bytes as floats, bool as black and white', async () => {
    const wide = npyFile('<i2', [3, 1, 2], bytesOf(Int16Array.of(0, 1, 2, 3, 4, 300)))
    const ints = await openDataset(make(pair(wide, labels3)))
    expect([ints.sampleType, await readAll(ints, ints.splits.train!)]).toEqual([
      'float32',
      [
        [0, 1],
        [2, 3],
        [4, 300],
      ],
    ])
    const bools = await openDataset(make(pair(npyFile('|b1', [3, 1, 2], Uint8Array.of(0, 1, 1, 0, 0, 0)), labels3)))
    expect([bools.sampleType, await readAll(bools, bools.splits.train!)]).toEqual([
      'uint8',
      [
        [0, 255],
        [255, 0],
        [0, 0],
      ],
    ])
  })

  it('reads float32 values exactly, across block borders', async () => {
    const count = 700
    const values = Float32Array.from({ length: count * 30 * 30 }, (_, k) => Math.sin(k))
    const labels = npyFile('<i8', [count], bytesOf(BigInt64Array.from({ length: count }, (_, k) => BigInt(k % 7))))
    const dataset = await openDataset(make(pair(npyFile('<f4', [count, 30, 30], bytesOf(values)), labels)))
    const into = new Float32Array(2 * 900)
    await dataset.splits.train!.read([699, 291], into)
    expect(into).toEqual(Float32Array.of(...values.subarray(699 * 900), ...values.subarray(291 * 900, 292 * 900)))
    expect([dataset.splits.train!.labels[699], dataset.classes.length]).toEqual([6, 7])
  })

  it.each([
    [
      ['train_images', 'train_labels', 'test_images', 'test_labels'],
      ['train', 'test'],
    ],
    [
      ['XTrain', 'YTrain', 'XTest', 'YTest'],
      ['train', 'test'],
    ],
    [['images', 'labels'], ['train']],
    [['arr_0', 'arr_1'], ['train']],
    [
      ['x_train', 'y_train', 'x_val', 'y_val'],
      ['train', 'test'],
    ],
    [['test_data', 'test_target'], ['test']],
  ])('knows the names %j', async (names, splits) => {
    const entries = names.map((name, index) => ({
      name: `${name}.npy`,
      data: index % 2 === 0 ? npyFile('|u1', [3, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6)) : labels3,
    }))
    const dataset = await openDataset(save('named.npz', makeZip(entries)))
    expect(Object.keys(dataset.splits)).toEqual(splits)
  })

  const images3 = npyFile('|u1', [3, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6))
  const nan = npyFile('<f4', [3, 1, 2], bytesOf(Float32Array.of(0, 1, 2, Number.NaN, 4, 5)))
  it.each<[string, Files, string, RegExp]>([
    ['a header that lies', pair(npyFile('|u1', [4, 1, 2], new Uint8Array(6)), labels3), 'file.truncated', /4 x 1 x 2/],
    ['bytes too many', pair(npyFile('|u1', [3, 1, 2], new Uint8Array(7)), labels3), 'file.corrupt', /3 x 1 x 2/],
    ['no header', pair(new Uint8Array(50), labels3), 'file.corrupt', /no \.npy file/],
    ['a cut header', pair(images3.subarray(0, 40), labels3), 'file.truncated', /header is incomplete/],
    ['complex values', pair(npyFile('<c8', [3, 1, 2], new Uint8Array(48)), labels3), 'dataset.invalid', /'<c8'/],
    ['NaN', pair(nan, labels3), 'dataset.invalid', /Sample 1 .* NaN/],
    ['flat images', pair(npyFile('|u1', [3, 2], new Uint8Array(6)), labels3), 'dataset.shape', /3 x 2/],
    [
      'several labels a sample',
      pair(images3, npyFile('|u1', [3, 2], Uint8Array.of(1, 0, 1, 1, 0, 1))),
      'dataset.classes',
      /row 1/,
    ],
    [
      'labels beyond reason',
      pair(images3, npyFile('<i4', [3], bytesOf(Int32Array.of(1, 2, 2_000_000_000)))),
      'dataset.classes',
      /2000000000/,
    ],
    ['unknown names', { 'weights.npy': images3, 'bias.npy': labels3 }, 'dataset.invalid', /2 arrays are bias, weights/],
  ])('refuses %s', async (_, files, code, message) => {
    const error = await thrownBy(() => openDataset(make(files)))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  it('reads Fortran order, as NumPy saves it, one-hot labels too', async () => {
    const dataset = await openDataset(`${fixtures}/fortran.npz`)
    expect(dataset.shape).toEqual([4, 5, 3])
    expect(await readAll(dataset, dataset.splits.train!)).toEqual(range(dataset.splits.train!.count).map(image))
    const oneHot = npyFile('|u1', [3, 2], Uint8Array.of(1, 0, 1, 0, 1, 0), true) // columns: 1 0 1 and 0 1 0
    const labelled = await openDataset(make(pair(images3, oneHot)))
    expect([...labelled.splits.train!.labels]).toEqual([0, 1, 0])
  })

  it('turns Fortran order into rows, however small the blocks and whatever the pieces (brute force)', async () => {
    for (const dims of [[7], [5, 3], [2, 3, 4], [3, 4, 1, 5], [6, 1, 1]]) {
      for (const valueSize of [1, 4]) {
        const count = dims.reduce((a, b) => a * b)
        const fortran = new Uint8Array(9 + count * valueSize)
        const expected = new Uint8Array(count * valueSize)
        for (let c = 0; c < count; c++) {
          // Index by index: the last dim runs fastest in C order, the first one in Fortran order.
          let rest = c
          const index = dims.map(() => 0)
          for (let dim = dims.length - 1; dim >= 0; dim--) {
            index[dim] = rest % dims[dim]!
            rest = Math.floor(rest / dims[dim]!)
          }
          const f = index.reduceRight((sum, i, dim) => sum * dims[dim]! + i, 0)
          for (let byte = 0; byte < valueSize; byte++) {
            expected[c * valueSize + byte] = 1 + ((17 * c + byte) % 251)
            fortran[9 + f * valueSize + byte] = 1 + ((17 * c + byte) % 251)
          }
        }
        async function* chunks() {
          for (let at = 0; at < fortran.length; at += 11) yield fortran.subarray(at, at + 11)
        }
        for (const blockBytes of [1, 13, 1000]) {
          const rows: number[] = []
          for await (const block of inRows({ dims, valueSize, dataOffset: 9, chunks }, blockBytes)) rows.push(...block)
          expect(rows).toEqual([...expected])
        }
      }
    }
  })

  it('refuses Python objects', async () => {
    const objects = await thrownBy(() => openDataset(`${fixtures}/objects.npz`))
    expect(objects).toMatchObject({ code: 'dataset.invalid', message: expect.stringContaining('Python objects') })
  })

  it('survives damage: it reads, or says what is wrong', async () => {
    const codes = await fuzz(await readFile(`${fixtures}/int64.npz`), 150, async mutant => {
      const dataset = await openDataset(save('fuzz.npz', mutant))
      await dataset.close()
    })
    expect(codes.size).toBeGreaterThan(2)
    const header = await fuzz(
      images3,
      150,
      async mutant => {
        const dataset = await openDataset(make(pair(mutant, labels3)))
        await dataset.close()
      },
      [0, 128],
    )
    expect(header.size).toBeGreaterThan(2)
  })
})

describe('time series in NumPy arrays', () => {
  const values = Float32Array.from({ length: 2 * 5 * 3 }, (_, k) => k / 4)
  const files = (x: Uint8Array): Files => ({
    'x_train.npy': x,
    'y_train.npy': npyFile('|u1', [2], Uint8Array.of(0, 1)),
  })

  it('are floats of three dims that are not square', async () => {
    const dataset = await openDataset(make(files(npyFile('<f4', [2, 5, 3], bytesOf(values)))))
    expect(dataset).toMatchObject({ shape: [5, 3], sampleType: 'float32' })
    expect((await readAll(dataset, dataset.splits.train!)).flat()).toEqual([...values])
    expect(texts(dataset.notes, 'guessed')).toContain('samples x steps x features')
  })

  it('are what is asked for', async () => {
    const shapeOf = async (x: Uint8Array, layout?: 'image' | 'series') =>
      (await openDataset(make(files(x)), layout && { reader: { layout } })).shape
    const floats = npyFile('<f4', [2, 5, 3], bytesOf(values))
    const bytes = npyFile('|u1', [2, 5, 3], new Uint8Array(30))
    const square = npyFile('<f4', [2, 3, 3], bytesOf(values.subarray(0, 18).slice()))
    expect(await shapeOf(floats, 'image')).toEqual([5, 3, 1])
    expect(await shapeOf(bytes)).toEqual([5, 3, 1])
    expect(await shapeOf(bytes, 'series')).toEqual([5, 3])
    expect(await shapeOf(square)).toEqual([3, 3, 1])
    expect(await shapeOf(square, 'series')).toEqual([3, 3])
    const planar = npyFile('|u1', [2, 3, 2, 2], new Uint8Array(24))
    expect(await thrownBy(() => shapeOf(planar, 'series'))).toMatchObject({
      code: 'dataset.shape',
      rule: 'Time series are arrays of samples x steps x features.',
    })
  })
})
