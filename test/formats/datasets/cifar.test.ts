import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/formats/datasets.ts'
import { makeZip } from '../codecs/make-zip.ts'
import { fuzz, thrownBy } from '../fuzz.ts'
import { cifarBatch, cifarPixel, folders, readAll, tarFile, texts } from './made.ts'

const { make, save } = folders()
const fixtures = 'test/fixtures/datasets'
const first1000 = '../shared/data/cifar10-first1000'

describe('CIFAR, binary version', () => {
  it('reads batches of any size in the order of their numbers, test apart, planes as height x width x channels', async () => {
    const dataset = await openDataset(
      make({
        'wrapper/data_batch_10.bin': cifarBatch([[9]], 10),
        'wrapper/data_batch_2.bin': cifarBatch([[2], [3]], 2),
        'wrapper/data_batch_1.bin': cifarBatch([[0]]),
        'wrapper/test_batch.bin': cifarBatch([[7]], 100),
        'wrapper/readme.html': 'hello',
      }),
    )
    expect(dataset).toMatchObject({ format: 'cifar-binary', sampleType: 'uint8', shape: [32, 32, 3] })
    expect(dataset.classes.slice(0, 3)).toEqual(['airplane', 'automobile', 'bird'])
    const { train, test } = dataset.splits
    expect([...train!.labels]).toEqual([0, 2, 3, 9])
    expect([...test!.labels]).toEqual([7])
    const [image] = await readAll(dataset, test!)
    for (const [y, x] of [
      [0, 0],
      [0, 1],
      [17, 5],
      [31, 31],
    ] as const) {
      const at = 3 * (32 * y + x)
      expect(image!.slice(at, at + 3)).toEqual(cifarPixel(100, y, x))
    }
    expect(texts(dataset.notes, 'matched')).toContain('4 training images in 3 files, 1 test images in 1 file')
    expect(texts(dataset.notes, 'guessed')).toContain('published order')
    expect(texts(dataset.notes, 'skipped')).toContain('readme.html')
    await dataset.close()
  })

  it('reads samples in any order, repeated, into the place it is given', async () => {
    const dataset = await openDataset(make({ 'data_batch_1.bin': cifarBatch([[0], [1], [2]]) }))
    const into = new Uint8Array(3 * 3072 + 5).fill(77)
    await dataset.splits.train!.read([2, 0, 2], into)
    expect([into[0], into[3072], into[2 * 3072]]).toEqual([2, 0, 2])
    expect([...into.subarray(3 * 3072)]).toEqual([77, 77, 77, 77, 77])
    await expect(dataset.splits.train!.read([3], into)).rejects.toThrow(RangeError)
    await expect(dataset.splits.train!.read([-1], into)).rejects.toThrow(RangeError)
    await expect(dataset.splits.train!.read([0], new Uint8Array(3071))).rejects.toThrow(RangeError)
    await expect(dataset.splits.train!.read([0], new Float32Array(3072))).rejects.toThrow(TypeError)
  })

  it('takes class names from batches.meta.txt', async () => {
    const files = { 'data_batch_1.bin': cifarBatch([[1]]), 'batches.meta.txt': 'cat\r\ndog\n\n' }
    const dataset = await openDataset(make(files))
    expect(dataset.classes).toEqual(['cat', 'dog'])
    expect(texts(dataset.notes, 'guessed')).toBe('')
  })

  it('reads CIFAR-100 by its fine labels, and says so', async () => {
    const dataset = await openDataset(
      make({
        'train.bin': cifarBatch([
          [4, 0],
          [1, 99],
        ]),
        'test.bin': cifarBatch([[1, 50]]),
      }),
    )
    expect(dataset.classes).toHaveLength(100)
    expect([dataset.classes[0], dataset.classes[50], dataset.classes[99]]).toEqual(['apple', 'mouse', 'worm'])
    expect([...dataset.splits.train!.labels]).toEqual([0, 99])
    expect(texts(dataset.notes, 'matched')).toContain('fine labels')
  })

  it('reads the same samples from a folder, a zip, a tar and a tar.gz', async () => {
    const files = { 'c/data_batch_1.bin': cifarBatch([[3], [4]]), 'c/test_batch.bin': cifarBatch([[5]], 9) }
    const entries = Object.entries(files).map(([name, data]) => ({ name, data }))
    const tar = await tarFile(entries)
    const paths = [
      make(files),
      save('c.zip', makeZip(entries.map(entry => ({ ...entry, deflate: true })))),
      save('c.tar', tar),
      save('c.tar.gz', gzipSync(tar)),
      make({ 'only.tgz': gzipSync(tar), 'readme.txt': 'a folder with one archive' }),
    ]
    const seen: unknown[] = []
    for (const path of paths) {
      const dataset = await openDataset(path)
      const { train, test } = dataset.splits
      seen.push([[...train!.labels], await readAll(dataset, train!), [...test!.labels], await readAll(dataset, test!)])
      await dataset.close()
    }
    for (const one of seen) expect(one).toEqual(seen[0])
  })

  it.each([
    ['a text file', 'data_batch_1.bin', 'not images at all, but a note', 'file.corrupt', /starts like text/],
    ['an empty file', 'data_batch_1.bin', '', 'file.truncated', /0 bytes/],
    ['a cut file', 'test_batch.bin', cifarBatch([[1], [2]]).subarray(0, 6145), 'file.truncated', /6,145 bytes/],
    [
      'a label too high',
      'data_batch_1.bin',
      cifarBatch([[1], [10]]),
      'dataset.classes',
      /Record 1 .* label 10.* 10 classes/,
    ],
    ['a cut CIFAR-100 file', 'train.bin', cifarBatch([[1, 2]]).subarray(0, 3073), 'file.truncated', /3,073 bytes/],
    ['a CIFAR-100 label too high', 'test.bin', cifarBatch([[1, 100]]), 'dataset.classes', /label 100/],
  ])('refuses %s, naming file and rule', async (_, name, content, code, message) => {
    const error = await thrownBy(() => openDataset(make({ [name]: content })))
    expect(error).toMatchObject({ code, rule: expect.stringMatching(/record|Labels/) })
    expect(error.message).toMatch(message)
    expect(error.file).toContain(name)
  })

  it('tells data sets apart by content, and copies as the same', async () => {
    const hash = async (files: Record<string, Uint8Array>): Promise<string> =>
      (await openDataset(make(files))).fingerprint
    const one = await hash({ 'data_batch_1.bin': cifarBatch([[1]]) })
    expect(one).toMatch(/^[0-9a-f]{64}$/)
    expect(await hash({ 'data_batch_1.bin': cifarBatch([[1]]) })).toBe(one)
    expect(await hash({ 'data_batch_1.bin': cifarBatch([[2]]) })).not.toBe(one)
    expect(await hash({ 'data_batch_2.bin': cifarBatch([[1]]) })).not.toBe(one)
  })
})

describe('CIFAR, Python version', () => {
  it('reads what NumPy and pickle write, whatever the protocol', async () => {
    const dataset = await openDataset(`${fixtures}/cifar-10-python`)
    expect(dataset).toMatchObject({ format: 'cifar-python', classes: ['ant', 'bee', 'cow'] })
    const { train, test } = dataset.splits
    expect([...train!.labels, ...test!.labels]).toEqual([0, 1, 2, 0])
    const images = [...(await readAll(dataset, train!)), ...(await readAll(dataset, test!))]
    for (const [index, image] of images.entries()) {
      expect(image.slice(0, 6)).toEqual([...cifarPixel(index, 0, 0), ...cifarPixel(index, 0, 1)])
      expect(image.slice(-3)).toEqual(cifarPixel(index, 31, 31))
    }
  })

  it('reads CIFAR-100 by its fine labels, from a tar.gz', async () => {
    const entries = await Promise.all(
      ['train', 'meta'].map(async name => ({
        name: `cifar-100-python/${name}`,
        data: await readFile(`${fixtures}/cifar-100-python/${name}`),
      })),
    )
    const dataset = await openDataset(save('cifar-100-python.tar.gz', gzipSync(await tarFile(entries))))
    expect([...dataset.splits.train!.labels]).toEqual([5, 99])
    expect(dataset.classes[99]).toBe('f99')
    expect(dataset.splits.test).toBeUndefined()
  })

  it('reads the strings of Python 2, in which the published files are written', async () => {
    const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
    const planes = cifarBatch([[]])
    const size = Buffer.alloc(4)
    size.writeUInt32LE(planes.length)
    const batch = Buffer.concat([
      ascii('\x80\x02}(U\x06labels](K\x02eU\x04datacnumpy.core.multiarray\n_reconstruct\n'),
      ascii('(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K\x01M\x00\x0c\x86'), // dims 1 x 3,072
      ascii('cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb'),
      ascii('\x89T'),
      size,
      planes,
      ascii('tbu.'),
    ])
    const meta = await readFile(`${fixtures}/cifar-10-python/batches.meta`)
    const dataset = await openDataset(make({ data_batch_1: batch, 'batches.meta': meta }))
    expect([...dataset.splits.train!.labels]).toEqual([2])
    const [image] = await readAll(dataset, dataset.splits.train!)
    expect(image!.slice(-3)).toEqual(cifarPixel(0, 31, 31))
  })

  it('survives damage: it reads, or says what is wrong', async () => {
    const meta = await readFile(`${fixtures}/cifar-10-python/batches.meta`)
    const batch = await readFile(`${fixtures}/cifar-10-python/data_batch_2`)
    const codes = await fuzz(
      batch,
      60,
      async mutant => {
        const dataset = await openDataset(make({ data_batch_1: mutant, 'batches.meta': meta }))
        await dataset.close()
      },
      [0, 400],
    )
    expect(codes.size).toBeGreaterThan(1)
  })

  it('refuses a batch that names a function, and runs nothing', async () => {
    const evil = Buffer.from("cos\nsystem\n(S'touch /tmp/espalier-was-here'\ntR.", 'latin1')
    const meta = await readFile(`${fixtures}/cifar-10-python/batches.meta`)
    const error = await thrownBy(() => openDataset(make({ data_batch_1: evil, 'batches.meta': meta })))
    expect(error.code).toBe('pickle.forbidden')
    expect(existsSync('/tmp/espalier-was-here')).toBe(false)
  })

  it('refuses labels that do not fit the images or the classes', async () => {
    const meta = await readFile(`${fixtures}/cifar-100-python/meta`)
    const batch = await readFile(`${fixtures}/cifar-10-python/data_batch_1`)
    const noFine = await thrownBy(() => openDataset(make({ train: batch, meta })))
    expect(noFine).toMatchObject({ code: 'dataset.invalid', message: expect.stringContaining('fine_labels') })
    const noNames = await thrownBy(() => openDataset(make({ data_batch_1: batch, 'batches.meta': meta })))
    expect(noNames).toMatchObject({ code: 'dataset.invalid', message: expect.stringContaining('label_names') })
  })
})

describe('real CIFAR-10', () => {
  it.skipIf(!existsSync(first1000))('the first 1,000 images of each batch (needs ../shared/data)', async () => {
    const dataset = await openDataset(first1000)
    const { train, test } = dataset.splits
    expect([train!.count, test!.count]).toEqual([5000, 1000])
    expect([...train!.labels.subarray(0, 8)]).toEqual([6, 9, 9, 4, 1, 1, 2, 7])
    expect([...test!.labels.subarray(0, 8)]).toEqual([3, 8, 8, 0, 6, 6, 1, 6])
    const raw = await readFile(`${first1000}/data_batch_3.bin`)
    const [into, image] = [new Uint8Array(3072), raw.subarray(999 * 3073 + 1, 1000 * 3073)]
    await train!.read([2999], into)
    expect([into[0], into[1], into[2], into[3 * 1023 + 2]]).toEqual([image[0], image[1024], image[2048], image[3071]])
    await dataset.close()
  })
})
