import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'

import { createRandom } from '../../../src/core/random.ts'
import { decodeImage } from '../../../src/formats/codecs/image.ts'
import { openDataset } from '../../../src/formats/datasets.ts'
import { EspalierError } from '../../../src/shared/errors.ts'
import { makeZip } from '../codecs/make-zip.ts'
import { thrownBy } from '../fuzz.ts'
import { type Files, folders, image, readAll, tarFile, texts } from './made.ts'

const { root, make, save } = folders()
const realZip = '../shared/data/cifar10-jpeg.zip'

const red = [250, 10, 20]
const blue = [10, 20, 250]
const [redImage, blueImage, grayImage] = await Promise.all([image(red), image(blue), image([99])])
const jpegImage = await image([1, 2, 3], 64, 64, 'jpeg')
const pixels = (colour: readonly number[], count = 12): number[] => Array.from({ length: count }, () => colour).flat()

/** Paths to labels, by class name, of both splits. */
async function labelled(files: Files, name?: string): Promise<Record<string, string[]>> {
  const folder = make(
    name ? Object.fromEntries(Object.entries(files).map(([path, data]) => [`${name}/${path}`, data])) : files,
  )
  const dataset = await openDataset(name ? join(folder, name) : folder)
  const splits = Object.values(dataset.splits).map(split => [
    split.name,
    [...split.labels].map(label => dataset.classes[label]!),
  ])
  await dataset.close()
  return Object.fromEntries(splits)
}

describe('class folders: where images belong', () => {
  it.each<[string, string[], Record<string, string[]>]>([
    [
      'train and test',
      ['train/b/1.png', 'train/a/1.png', 'train/a/2.png', 'test/b/1.png'],
      { train: ['a', 'a', 'b'], test: ['b'] },
    ],
    [
      'below other folders',
      ['x/y/train/a/1.png', 'x/y/train/b/1.png', 'x/y/test/a/1.png'],
      { train: ['a', 'b'], test: ['a'] },
    ],
    ['validation for test', ['train/a/1.png', 'train/b/1.png', 'val/b/1.png'], { train: ['a', 'b'], test: ['b'] }],
    [
      'test before validation',
      ['train/a/1.png', 'train/b/1.png', 'valid/b/1.png', 'test/a/1.png'],
      { train: ['a', 'b'], test: ['a'] },
    ],
    [
      'other spellings',
      ['Training/a/1.png', 'Training/b/1.png', 'Testing/b/1.png'],
      { train: ['a', 'b'], test: ['b'] },
    ],
    ['folders within class folders', ['train/a/images/1.png', 'train/b/images/1.png'], { train: ['a', 'b'] }],
    ['classes alone', ['a/1.png', 'b/1.png', 'b/2.png'], { train: ['a', 'b', 'b'] }],
    ['classes below other folders', ['x/y/a/1.png', 'x/y/b/1.png', 'cover.png'], { train: ['a', 'b'] }],
    ['a class called train', ['car/1.png', 'train/1.png'], { train: ['car', 'train'] }],
    [
      'a class called train in the split',
      ['train/train/1.png', 'train/car/1.png', 'test/car/1.png'],
      { train: ['car', 'train'], test: ['car'] },
    ],
    ['only a test split', ['test/a/1.png', 'test/b/1.png'], { test: ['a', 'b'] }],
  ])('%s', async (_, paths, expected) => {
    expect(await labelled(Object.fromEntries(paths.map(path => [path, redImage])))).toEqual(expected)
  })

  it('the name of the folder may tell the split', async () => {
    expect(await labelled({ 'a/1.png': redImage, 'b/1.png': redImage }, 'test')).toEqual({ test: ['a', 'b'] })
    expect(await labelled({ 'a/1.png': redImage, 'b/1.png': redImage }, 'train')).toEqual({ train: ['a', 'b'] })
  })

  it('says what was guessed and skipped', async () => {
    const dataset = await openDataset(
      make({
        'set/train/a/1.png': redImage,
        'set/train/b/1.png': redImage,
        'set/val/a/1.png': redImage,
        'set/stray.png': redImage,
        'set/train/labels.csv': 'x',
        'set/train/a/.DS_Store': 'x',
      }),
    )
    expect(texts(dataset.notes, 'matched')).toBe('3 images of 4 x 3 pixels (RGB) in 2 class folders.')
    expect(texts(dataset.notes, 'guessed')).toContain('validation folder (1 images) is used as the test split')
    expect(texts(dataset.notes, 'skipped')).toContain('1 images that lie in no class folder')
    expect(texts(dataset.notes, 'skipped')).toContain('1 files that are no PNG or JPEG images')
  })

  it('orders classes as text, and says so of numbers', async () => {
    const names = Array.from({ length: 11 }, (_, index) => String(index))
    const dataset = await openDataset(make(Object.fromEntries(names.map(name => [`${name}/1.png`, redImage]))))
    expect(dataset.classes).toEqual(['0', '1', '10', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(texts(dataset.notes, 'guessed')).toContain('ordered as text')
  })

  it.each<[string, string[], string, RegExp]>([
    ['no class folder', ['1.png', '2.png'], 'dataset.invalid', /do not lie in class folders/],
    ['one class folder', ['x/cats/1.png', 'x/cats/2.png'], 'dataset.classes', /one class folder only, cats/],
    ['one class in train', ['train/cats/1.png', 'test/cats/1.png'], 'dataset.classes', /one class folder only, cats/],
    [
      'a test class that is not trained',
      ['train/a/1.png', 'train/b/1.png', 'test/B/1.png'],
      'dataset.classes',
      /B.1\.png is of class B/,
    ],
  ])('refuses %s', async (_, paths, code, message) => {
    const error = await thrownBy(() => openDataset(make(Object.fromEntries(paths.map(path => [path, redImage])))))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(error.hint).toBeTruthy()
  })
})

describe('class folders: pixels', () => {
  it('decodes PNG exactly and JPEG closely, as height x width x RGB', async () => {
    const two = await sharp(Buffer.from([1, 2, 3, 4, 5, 6]), { raw: { width: 2, height: 1, channels: 3 } })
      .png()
      .toBuffer()
    const dataset = await openDataset(make({ 'a/1.png': two, 'b/1.jpg': await image(red, 2, 1, 'jpeg') }))
    expect(dataset).toMatchObject({ format: 'class-folders', sampleType: 'uint8', shape: [1, 2, 3] })
    const [png, jpeg] = await readAll(dataset, dataset.splits.train!)
    expect(png).toEqual([1, 2, 3, 4, 5, 6])
    for (const [at, value] of pixels(red, 2).entries()) expect(Math.abs(jpeg![at]! - value)).toBeLessThan(4)
  })

  it('has one channel if every file stores gray, three if a single one stores colours', async () => {
    const grayJpeg = await sharp(Buffer.alloc(12, 7), { raw: { width: 4, height: 3, channels: 1 } })
      .toColourspace('b-w')
      .jpeg({ quality: 100 })
      .toBuffer()
    const gray = { 'a/1.png': grayImage, 'a/2.jpg': grayJpeg, 'b/1.png': await image([8]) }
    const one = await openDataset(make(gray))
    expect([one.shape, await readAll(one, one.splits.train!)]).toEqual([
      [3, 4, 1],
      [pixels([99]), pixels([7]), pixels([8])],
    ])
    const three = await openDataset(make({ ...gray, 'b/2.png': blueImage }))
    expect(three.shape).toEqual([3, 4, 3])
    expect(await readAll(three, three.splits.train!)).toEqual([
      pixels([99, 99, 99]),
      pixels([7, 7, 7]),
      pixels([8, 8, 8]),
      pixels(blue),
    ])
    expect(texts(one.notes, 'matched')).toContain('(gray)')
  })

  it('keeps three channels where files store colours that are all gray, says so, and takes one if asked', async () => {
    const folder = make({ 'a/1.png': await image([7, 7, 7]), 'b/1.png': await image([8, 8, 8]) })
    const stored = await openDataset(folder)
    expect(stored.shape).toEqual([3, 4, 3])
    expect(texts(stored.notes, 'guessed')).toContain('all pixels are gray')
    const gray = await openDataset(folder, { reader: { color: 'gray' } })
    expect([gray.shape, await readAll(gray, gray.splits.train!)]).toEqual([
      [3, 4, 1],
      [pixels([7]), pixels([8])],
    ])
    expect(gray.fingerprint).not.toBe(stored.fingerprint)
  })

  it('takes luma as gray and repeats gray as RGB if asked, cut or whole (BT.601, by hand)', async () => {
    const folder = make({
      'a/1.png': await image([255, 0, 0]),
      'a/2.png': await image([10, 20, 30]),
      'b/1.png': grayImage,
    })
    const expected = [76, 18, 99] // .299 x 255 = 76.2; 2.99 + 11.74 + 3.42 = 18.2
    const gray = await openDataset(folder, { reader: { color: 'gray' } })
    expect(await readAll(gray, gray.splits.train!)).toEqual(expected.map(value => pixels([value])))
    const cut = await openDataset(folder, { reader: { color: 'gray', crop: 2 } })
    expect([cut.shape, await readAll(cut, cut.splits.train!)]).toEqual([
      [2, 2, 1],
      expected.map(value => Array.from({ length: 4 }, () => value)),
    ])
    const grayOnly = make({ 'a/1.png': grayImage, 'b/1.png': await image([8]) })
    const rgb = await openDataset(grayOnly, { reader: { color: 'rgb' } })
    expect(await readAll(rgb, rgb.splits.train!)).toEqual([pixels([99, 99, 99]), pixels([8, 8, 8])])
  })

  it('says which folders beside the class folders have no image', async () => {
    const files = { 'train/a/1.png': redImage, 'train/b/1.png': blueImage, 'train/c/notes.txt': 'x' }
    const entries = Object.entries(files).map(([name, data]) => ({ name, data: Buffer.from(data) }))
    const folder = make(files)
    mkdirSync(join(folder, 'train/d'))
    mkdirSync(join(folder, 'elsewhere'))
    const zip = makeZip([...entries, { name: 'train/d/', data: Buffer.alloc(0) }])
    const tar = await tarFile([...entries, { name: 'train/d', type: 'directory' }])
    for (const path of [folder, save('e.zip', zip), save('e.tar', tar)]) {
      const dataset = await openDataset(path)
      expect(dataset.classes).toEqual(['a', 'b'])
      expect(texts(dataset.notes, 'skipped')).toContain('2 folders have no image and are no classes: train/c, train/d.')
      await dataset.close()
    }
  })

  it('drops alpha without blending and keeps the upper 8 of 16 bits, and says so', async () => {
    const deep = await sharp(
      Uint16Array.from({ length: 36 }, () => 0x1280),
      { raw: { width: 4, height: 3, channels: 3 } },
    )
      .toColourspace('rgb16')
      .png()
      .toBuffer()
    expect(deep[24]).toBe(16)
    const dataset = await openDataset(
      make({ 'a/1.png': await image([1, 2, 3, 40]), 'a/2.png': blueImage, 'b/1.png': deep }),
    )
    expect(await readAll(dataset, dataset.splits.train!)).toEqual([
      pixels([1, 2, 3]),
      pixels(blue),
      pixels([0x12, 0x12, 0x12]),
    ])
    expect(texts(dataset.notes, 'skipped')).toMatch(/alpha channel of 1 images/)
    expect(texts(dataset.notes, 'skipped')).toMatch(/1 images of 16 bits/)
  })

  it('reads the same from a zip and a tar.gz', async () => {
    const files = { 'w/train/a/1.png': redImage, 'w/train/b/1.png': blueImage, 'w/test/b/x.png': grayImage }
    const entries = Object.entries(files).map(([name, data]) => ({ name, data }))
    const paths = [make(files), save('i.zip', makeZip(entries)), save('i.tar.gz', gzipSync(await tarFile(entries)))]
    for (const path of paths) {
      const dataset = await openDataset(path)
      expect(await readAll(dataset, dataset.splits.train!)).toEqual([pixels(red), pixels(blue)])
      expect(await readAll(dataset, dataset.splits.test!)).toEqual([pixels([99, 99, 99])])
      await dataset.close()
    }
  })

  it('refuses images of differing sizes, naming the first odd one and both sizes', async () => {
    const odd = await image(red, 5, 3)
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `a/${String(i).padStart(2, '0')}.png`,
        i === 17 || i > 30 ? odd : redImage,
      ]),
    )
    const path = make({ ...files, 'b/1.png': redImage })
    const error = await thrownBy(() => openDataset(path))
    expect(error).toMatchObject({ code: 'dataset.shape', file: join(path, 'a/17.png') })
    expect(error.message).toMatch(/17\.png is 5 x 3 pixels, a.00\.png is 4 x 3/)
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['text', Buffer.from('no picture at all'), /not a PNG or JPEG image, it starts like text/],
    ['a cut PNG', redImage.subarray(0, redImage.length - 20), /cannot be decoded/],
    ['a cut JPEG', jpegImage.subarray(0, jpegImage.length - 20), /cannot be decoded/],
    [
      'an SVG that calls itself PNG',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>'),
      /not a PNG or JPEG/,
    ],
    ['an empty file', new Uint8Array(), /it is empty/],
  ])('refuses %s, naming the file', async (_, broken, message) => {
    const error = await thrownBy(() => openDataset(make({ 'a/1.png': redImage, 'b/bad.png': broken })))
    expect(error.code).toBe('file.corrupt')
    expect(error.message).toMatch(message)
    expect(error.file).toMatch(/bad\.png$/)
  })
})

describe('class folders: images of any size', () => {
  const photos = ['61x43', '40x40', '43x57', '61x43'].map(name => `test/fixtures/datasets/resize/${name}`)
  const jpegs = photos.map(name => readFileSync(`${name}.jpg`))
  const squares = photos.map(name => readFileSync(`${name}.rgb`))
  const files = (): Files => ({
    'train/a/1.jpg': jpegs[0]!,
    'train/a/2.jpg': jpegs[1]!,
    'train/b/1.jpg': jpegs[2]!,
    'test/b/1.jpg': jpegs[3]!,
  })
  const reader = { crop: 28, resize: 32 }
  const nearly = (found: readonly number[], expected: Uint8Array) =>
    expect(Math.max(...found.map((value, at) => Math.abs(value - expected[at]!)))).toBeLessThanOrEqual(2)

  /** Stored in memory, made on demand from a folder, and from an archive. */
  const ways: [string, (files: Files) => string, number | undefined][] = [
    ['kept in memory', make, undefined],
    ['decoded on the way', make, 10],
    [
      'decoded on the way from an archive',
      made => save('d.zip', makeZip(Object.entries(made).map(([name, data]) => ({ name, data: Buffer.from(data) })))),
      10,
    ],
  ]

  it.each(ways)('become squares of one size, %s', async (_what, place, memoryBudget) => {
    const options = { reader, ...(memoryBudget !== undefined && { memoryBudget }) }
    const dataset = await openDataset(place(files()), options)
    expect(dataset).toMatchObject({ shape: [28, 28, 3], classes: ['a', 'b'], needsFiles: true })
    const train = await readAll(dataset, dataset.splits.train!)
    for (const [index, sample] of train.entries()) nearly(sample, squares[index]!)
    nearly((await readAll(dataset, dataset.splits.test!))[0]!, squares[3]!)
    // In any order, and not beyond the split.
    const into = new Uint8Array(2 * 28 * 28 * 3)
    await dataset.splits.train!.read([2, 0], into)
    expect([...into]).toEqual([...train[2]!, ...train[0]!])
    await expect(dataset.splits.train!.read([3], into)).rejects.toThrow(RangeError)
    expect(texts(dataset.notes, 'matched')).toMatch(/scaled to 32 pixels, then the middle 28 x 28/)
    expect(texts(dataset.notes, 'guessed').includes('decoded whenever they are used')).toBe(memoryBudget !== undefined)
    await dataset.close()
  })

  it.each(ways)('give other parts by other numbers, the same by the same, %s', async (_what, place, memoryBudget) => {
    const dataset = await openDataset(place(files()), { reader, ...(memoryBudget !== undefined && { memoryBudget }) })
    const train = dataset.splits.train!
    const crops = async (indices: number[], seed: number) => {
      const into = new Uint8Array(indices.length * 28 * 28 * 3)
      const reading = train.readCrops!(indices, into, { area: [0.08, 1], aspect: [0.75, 4 / 3] }, createRandom(seed))
      await reading
      return Array.from(indices, (_, at) => [...into.subarray(at * 2352, (at + 1) * 2352)])
    }
    const first = await crops([0, 1, 2], 5)
    expect(await crops([0, 1, 2], 5)).toEqual(first)
    expect((await crops([0, 1], 5))[1]).toEqual(first[1])
    expect(await crops([0, 1, 2], 6)).not.toEqual(first)
    const again = await crops([0, 0, 0, 0], 7)
    expect(new Set(again.map(String)).size).toBe(4)
    await dataset.close()
  })

  it('give the whole image, scaled and perhaps mirrored, where all of it is asked for', async () => {
    const dataset = await openDataset(make(files()), { reader: { crop: 40 } })
    const into = new Uint8Array(40 * 40 * 3)
    // Image 1 has 40 x 40 pixels.
    const plain = (await decodeImage(jpegs[1]!, 'b')).pixels
    const mirrored = plain.map(
      (_, at) => plain[3 * (40 * Math.floor(at / 120) + 39 - (Math.floor(at / 3) % 40)) + (at % 3)]!,
    )
    const seen = new Set<boolean>()
    for (let seed = 0; seed < 12; seed++) {
      await dataset.splits.train!.readCrops!([1], into, { area: [1, 1], aspect: [1, 1] }, createRandom(seed))
      const isPlain = Buffer.compare(into, plain) === 0
      if (!isPlain) expect([...into]).toEqual([...mirrored])
      seen.add(isPlain)
    }
    expect(seen.size).toBe(2)
    await dataset.close()
  })

  it('are refused without a size, and the message says what to set', async () => {
    const error = await thrownBy(() => openDataset(make(files())))
    expect(error).toMatchObject({ code: 'dataset.shape', hint: expect.stringContaining('data.reader.crop') })
  })

  it('name a file that is damaged, gone, or none that is allowed', async () => {
    const cut = jpegs[0]!.subarray(0, jpegs[0]!.length - 40)
    const gif = Buffer.from('GIF89a')
    for (const [bad, code, message] of [
      [cut, 'file.corrupt', /1\.jpg cannot be decoded: .*premature end/],
      [gif, 'file.corrupt', /1\.jpg cannot be decoded: it is not a PNG or JPEG/],
    ] as const) {
      const path = make({ ...files(), 'train/b/1.jpg': bad })
      const error = await thrownBy(() => openDataset(path, { reader }))
      expect(error).toMatchObject({ code, file: join(path, 'train/b/1.jpg'), message: expect.stringMatching(message) })
    }
    const path = make(files())
    const dataset = await openDataset(path, { reader, memoryBudget: 10 })
    await rm(join(path, 'train/a/2.jpg'))
    const error = await thrownBy(() => readAll(dataset, dataset.splits.train!))
    expect(error).toMatchObject({ code: 'file.missing', file: join(path, 'train/a/2.jpg') })
  })

  it('may be PNG, gray or with alpha, whose colours are not mixed with what is transparent', async () => {
    const clear = await sharp(
      Buffer.from(Array.from({ length: 64 }, (_, at) => [200, 100, 50, at % 2 ? 255 : 0]).flat()),
      {
        raw: { width: 8, height: 8, channels: 4 },
      },
    )
      .png()
      .toBuffer()
    const gray = await sharp(Buffer.alloc(100, 77), { raw: { width: 10, height: 10, channels: 1 } })
      .toColourspace('b-w')
      .jpeg()
      .toBuffer()
    for (const memoryBudget of [10, 10_000_000]) {
      const dataset = await openDataset(make({ 'a/1.png': clear, 'b/1.jpg': gray }), {
        reader: { crop: 4 },
        memoryBudget,
      })
      const [first, second] = await readAll(dataset, dataset.splits.train!)
      expect(first).toEqual(pixels([200, 100, 50], 16))
      expect(second).toEqual(pixels([77, 77, 77], 16))
      await dataset.close()
    }
  })

  it('stop when asked', async () => {
    const dataset = await openDataset(make(files()), { reader, memoryBudget: 10 })
    const controller = new AbortController()
    controller.abort()
    const reading = dataset.splits.train!.read([0, 1], new Uint8Array(2 * 2352), controller.signal)
    await expect(reading).rejects.toMatchObject({ code: 'run.stopped' })
    await dataset.close()
  })
})

describe('class folders: decoded images are kept', () => {
  const files = { 'train/a/1.png': redImage, 'train/b/1.png': blueImage, 'test/a/1.png': grayImage }
  const fresh = (): Promise<string> => mkdtemp(join(root, 'cache-'))

  /** Opens, reads all, closes; `decoded` tells whether images were decoded. */
  async function open(path: string, cacheDirectory: string, memoryBudget?: number) {
    const steps = new Set<string>()
    const onProgress = ({ step }: { step: string }): void => void steps.add(step)
    const dataset = await openDataset(path, {
      cacheDirectory,
      onProgress,
      ...(memoryBudget !== undefined && { memoryBudget }),
    })
    const { train, test } = dataset.splits
    const values = [await readAll(dataset, train!), await readAll(dataset, test!)]
    await dataset.close()
    return { decoded: steps.has('Decoding images'), values, notes: dataset.notes, fingerprint: dataset.fingerprint }
  }

  const expected = [[pixels(red), pixels(blue)], [pixels([99, 99, 99])]]

  it.each([undefined, 10])('and used the second time, whole or not at all (memory budget %s)', async budget => {
    const [path, cache] = [make(files), await fresh()]
    const first = await open(path, cache, budget)
    expect([first.decoded, first.values]).toEqual([true, expected])
    const kept = join(cache, 'decoded', first.fingerprint)
    expect(await readdir(join(cache, 'decoded'))).toEqual([first.fingerprint])
    expect((await readdir(cache)).filter(name => name !== 'fingerprints')).toEqual(['decoded'])
    const samples = await readFile(join(kept, 'samples.bin'))
    expect([...samples]).toEqual(expected.flat(2))

    const second = await open(path, cache, budget)
    expect(second).toEqual({ ...first, decoded: false })
    // A copy is the same data; another image is not.
    expect((await open(make(files), cache, budget)).decoded).toBe(false)
    expect((await open(make({ ...files, 'test/a/1.png': blueImage }), cache, budget)).decoded).toBe(true)
  })

  it.each<[string, (kept: string) => Promise<void>]>([
    ['short samples', kept => truncate(join(kept, 'samples.bin'), 20)],
    ['a damaged index', kept => writeFile(join(kept, 'index.json'), '{"version":2')],
    [
      'another version',
      async kept => {
        const path = join(kept, 'index.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('"version":2', '"version":0'))
      },
    ],
    ['no samples', kept => rm(join(kept, 'samples.bin'))],
  ])('but not used with %s: it is made again', async (_, damage) => {
    const [path, cache] = [make(files), await fresh()]
    const { fingerprint } = await open(path, cache)
    await damage(join(cache, 'decoded', fingerprint))
    expect(await open(path, cache)).toMatchObject({ decoded: true, values: expected })
    expect(await open(path, cache)).toMatchObject({ decoded: false, values: expected })
  })

  it('by several at once', async () => {
    const [path, cache] = [make(files), await fresh()]
    const all = await Promise.all(Array.from({ length: 8 }, (_, i) => open(path, cache, i % 2 === 0 ? 10 : undefined)))
    for (const { values, notes } of all) {
      expect(values).toEqual(expected)
      expect(texts(notes, 'skipped')).toBe('')
    }
    const kept = join(cache, 'decoded', all[0]!.fingerprint)
    expect((await readdir(kept)).sort()).toEqual(['index.json', 'samples.bin'])
  })

  it('and what a process left that died is removed after a day', async () => {
    const [path, cache] = [make(files), await fresh()]
    const { fingerprint } = await open(path, cache)
    const [old, young] = ['old', 'young'].map(name => join(cache, 'decoded', fingerprint, `${name}.tmp`))
    await writeFile(old!, 'x')
    await writeFile(young!, 'x')
    await utimes(old!, 0, (Date.now() - 25 * 3_600_000) / 1000)
    await open(make({ ...files, 'train/b/2.png': grayImage }), cache)
    expect([existsSync(old!), existsSync(young!)]).toEqual([false, true])
  })

  it('and half-decoded ones are not', async () => {
    const cache = await fresh()
    for (const memoryBudget of [10, 2 ** 20]) {
      const broken = make({ ...files, 'train/b/2.png': redImage.subarray(0, 60) })
      await thrownBy(() => openDataset(broken, { cacheDirectory: cache, memoryBudget }))
      const left = existsSync(join(cache, 'decoded')) ? await readdir(join(cache, 'decoded')) : []
      expect(left).toEqual([])
    }
  })

  it('and a cache that cannot be written is left out with a note where memory is enough, else an error', async () => {
    const blocked = save('a-file', new Uint8Array(3))
    const { values, notes } = await open(make(files), blocked)
    expect(values).toEqual(expected)
    expect(texts(notes, 'skipped')).toMatch(/not kept for the next time.*a-file/)
    const error = await thrownBy(() => open(make(files), blocked, 10))
    expect(error.code).toBe('disk.read-only')
  })

  it('large sets are read from a temporary file where nothing may be kept', async () => {
    const temporary = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter(name => /^espalier-.*\.tmp$/.test(name))
    const before = await temporary()
    const dataset = await openDataset(make(files), { memoryBudget: 10 })
    expect(await readAll(dataset, dataset.splits.train!)).toEqual(expected[0])
    await dataset.close()
    expect((await temporary()).filter(name => !before.includes(name))).toEqual([])
  })

  it('reports progress up to ten times a second and stops when asked to', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i % 2}/${i}.png`, redImage]))
    const reports: number[] = []
    const path = make(many)
    await openDataset(path, { onProgress: ({ done, total }) => void reports.push(done / total) })
    expect(reports.length).toBeGreaterThan(1)
    expect(reports.every(share => share >= 0 && share <= 1)).toBe(true)
    const controller = new AbortController()
    const stop = thrownBy(() =>
      openDataset(path, {
        signal: controller.signal,
        onProgress: ({ step }) => step === 'Decoding images' && controller.abort(),
      }),
    )
    expect(await stop).toMatchObject({ code: 'run.stopped' })
    const own = new EspalierError({ code: 'run.died', message: 'mine' })
    expect(await thrownBy(() => openDataset(path, { signal: AbortSignal.abort(own) }))).toBe(own)
  })
})

describe('real images', () => {
  it.skipIf(!existsSync(realZip))(
    '60,000 JPEG files of a zip, decoded once and then kept (needs ../shared/data)',
    { timeout: 180_000 },
    async () => {
      const cacheDirectory = await mkdtemp(join(root, 'real-'))
      const steps: string[] = []
      const options = { cacheDirectory, onProgress: ({ step }: { step: string }) => void steps.push(step) }
      const first = await openDataset(realZip, options)
      expect(first.shape).toEqual([32, 32, 3])
      expect(first.classes).toEqual('airplane automobile bird cat deer dog frog horse ship truck'.split(' '))
      const { train, test } = first.splits
      expect([train!.count, test!.count]).toEqual([50_000, 10_000])
      for (const split of [train!, test!]) {
        const perClass = Array.from({ length: 10 }, (_, label) => split.labels.filter(other => other === label).length)
        expect(perClass).toEqual(Array(10).fill(split.count / 10))
      }
      expect(steps).toContain('Decoding images')
      steps.length = 0
      const second = await openDataset(realZip, { ...options, memoryBudget: 10 * 2 ** 20 })
      expect(steps).not.toContain('Decoding images')
      expect(second.fingerprint).toBe(first.fingerprint)
      const indices = [49_999, 0, 12_345, 12_346]
      const [a, b] = [new Uint8Array(4 * 3072), new Uint8Array(4 * 3072)]
      await first.splits.train!.read(indices, a)
      await second.splits.train!.read(indices, b)
      expect(b).toEqual(a)
      expect(new Set(a).size).toBeGreaterThan(50)
      await first.close()
      await second.close()
    },
  )
})
