import { describe, expect, it } from 'vitest'
import { cropFlip } from '../../src/core/augment.ts'
import { createRandom, deriveSeed } from '../../src/core/random.ts'
import { type Batch, batches, epochBatches } from '../../src/formats/batches.ts'
import type { Split } from '../../src/formats/dataset.ts'
import { previewSamples } from '../../src/formats/preview.ts'
import { buildDataset } from '../../src/formats/samples/build-dataset.ts'
import { datasetOf } from './datasets/made.ts'

/** Sample i of 2 x 1 x 1 is [i, i + 100]; label i % 3. */
function made(count: number, onRead?: (indices: ArrayLike<number>) => void) {
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3)
  const bytes = Uint8Array.from({ length: 2 * count }, (_, k) => (k >> 1) + 100 * (k & 1))
  const samples = {
    read: async (position: number, into: Uint8Array) => into.set(bytes.subarray(position, position + into.length)),
    close: async () => {},
  }
  const dataset = buildDataset({
    format: 'made',
    path: 'made',
    classes: ['a', 'b', 'c'],
    sampleType: 'uint8',
    shape: [2, 1, 1],
    labels: { train: labels },
    samples,
    notes: [],
    fingerprint: '',
  })
  const train = dataset.splits.train!
  const split: Split = {
    ...train,
    async read(indices, into, signal) {
      onRead?.(indices)
      await train.read(indices, into, signal)
    },
  }
  return { dataset, split }
}

async function all(iterable: AsyncIterable<Batch>): Promise<Batch[]> {
  const list: Batch[] = []
  for await (const batch of iterable) list.push(batch)
  return list
}

describe('batches', () => {
  it('follow the indices, the last one short, each in fresh memory', async () => {
    const { dataset, split } = made(10)
    const list = await all(batches(split, [9, 0, 4, 4, 1], 2, dataset))
    expect(list.map(({ count }) => count)).toEqual([2, 2, 1])
    expect(list.map(({ samples }) => [...samples])).toEqual([
      [9, 109, 0, 100],
      [4, 104, 4, 104],
      [1, 101],
    ])
    expect(list.flatMap(({ labels }) => [...labels])).toEqual([0, 0, 1, 1, 1])
    expect(new Set(list.map(({ samples }) => samples.buffer)).size).toBe(3)
    expect(list.every(({ samples }) => samples.byteLength === samples.buffer.byteLength)).toBe(true)
    expect(await all(batches(split, [], 2, dataset))).toEqual([])
    await expect(all(batches(split, [1], 0, dataset))).rejects.toThrow(RangeError)
  })

  it('are read one ahead, not more, and no further when the consumer leaves', async () => {
    let reads = 0
    const { dataset, split } = made(10, () => reads++)
    const iterator = batches(split, [...Array(10).keys()], 2, dataset)
    await iterator.next()
    await new Promise(setImmediate)
    expect(reads).toBe(2)
    await iterator.next()
    await new Promise(setImmediate)
    expect(reads).toBe(3)
    await iterator.return()
    expect(reads).toBe(3)
  })

  it('pass a fault on in its turn', async () => {
    const { dataset, split } = made(10, indices => {
      if (indices[0] === 4) throw new Error('broken sample')
    })
    const iterator = batches(split, [0, 1, 2, 3, 4, 5], 2, dataset)
    await iterator.next()
    await new Promise(resolve => setTimeout(resolve, 5))
    expect((await iterator.next()).value?.count).toBe(2)
    await new Promise(resolve => setTimeout(resolve, 5))
    await expect(iterator.next()).rejects.toThrow('broken sample')
  })

  it('stop on a signal', async () => {
    const { dataset, split } = made(10)
    const controller = new AbortController()
    const iterator = batches(split, [0, 1, 2, 3], 1, dataset, controller.signal)
    await iterator.next()
    controller.abort()
    await iterator.next() // was read before
    await expect(iterator.next()).rejects.toMatchObject({ code: 'run.stopped' })
  })
})

describe('batches of an epoch', () => {
  /** 6 x 6 pixels of one channel: byte k of sample i is 40 i + k. */
  const images = (count: number) =>
    datasetOf(
      Uint8Array.from({ length: 36 * count }, (_, k) => 40 * Math.floor(k / 36) + (k % 36)),
      [6, 6, 1],
    )
  const order = [4, 1, 0, 2, 3]
  const values = (list: Batch[]) => list.map(({ samples }) => [...samples])

  it('are the plain batches without augmentation', async () => {
    const { dataset, split } = images(5)
    const plain = await all(batches(split, order, 2, dataset))
    expect(await all(epochBatches(split, order, 2, dataset, { augmentation: 'none', seed: 1 }))).toEqual(plain)
  })

  it.each(['crop-flip', 'crop-flip-reflect'] as const)(
    'are those batches after %s, by the seed',
    async augmentation => {
      const { dataset, split } = images(5)
      const list = values(await all(epochBatches(split, order, 2, dataset, { augmentation, seed: 7 })))
      const plain = await all(batches(split, order, 2, dataset))
      const fill = augmentation === 'crop-flip' ? 'zero' : 'reflect'
      const expected = plain.map(({ samples }, batch) => [
        ...cropFlip(samples, [6, 6, 1], { padding: 4, fill }, createRandom(deriveSeed(7, 'augment', batch))),
      ])
      expect(list).toEqual(expected)
      const other = values(await all(epochBatches(split, order, 2, dataset, { augmentation, seed: 8 })))
      expect(other).not.toEqual(list)
    },
  )

  it('go on in the middle as if they had never stopped', async () => {
    const { dataset, split } = images(5)
    const whole = await all(epochBatches(split, order, 2, dataset, { augmentation: 'crop-flip', seed: 7 }))
    for (const from of [1, 2, 3]) {
      const rest = await all(epochBatches(split, order, 2, dataset, { augmentation: 'crop-flip', seed: 7, from }))
      expect(rest).toEqual(whole.slice(from))
    }
  })

  it('take random parts of image files where there are such', async () => {
    const { dataset, split } = images(5)
    const cut: Split = {
      ...split,
      async readCrops(indices, into, { area }, random) {
        for (let at = 0; at < indices.length; at++)
          into.fill(indices[at]! + (random.uint32() % 10) * 10, 36 * at, 36 * (at + 1))
        expect(area).toEqual([0.08, 1])
      },
    }
    const list = await all(epochBatches(cut, order, 2, dataset, { augmentation: 'resized-crop', seed: 3 }))
    const firsts = list.flatMap(({ samples, count }) => Array.from({ length: count }, (_, i) => samples[36 * i]! % 10))
    expect(firsts).toEqual(order)
    const random = createRandom(deriveSeed(3, 'augment', 1))
    random.uint32()
    expect(Math.floor(list[1]!.samples[36]! / 10)).toBe(random.uint32() % 10)
  })

  it('are refused where the augmentation does not fit', () => {
    const { dataset, split } = images(5)
    const start = (augmentation: 'crop-flip' | 'resized-crop', shape = dataset.shape) =>
      epochBatches(split, order, 2, { ...dataset, shape }, { augmentation, seed: 0 })
    expect(() => start('resized-crop')).toThrow(/not cut out of image files/)
    expect(() => start('crop-flip', [4, 9, 1])).toThrow(/its samples are 4 x 9 x 1/)
    expect(() => start('crop-flip', [128, 9])).toThrow(/its samples are 128 x 9/)
  })
})

describe('preview', () => {
  it('is spread over the classes, by seed', async () => {
    const { dataset } = made(30)
    const four = await previewSamples(dataset, 'train', 7, 1)
    const perClass = [0, 1, 2].map(label => four.filter(sample => sample.label === label).length)
    expect(perClass.sort()).toEqual([2, 2, 3])
    for (const { pixels, width, height, channels, index } of four) {
      expect([height, width, channels, ...pixels]).toEqual([2, 1, 1, index, index + 100])
    }
    expect(new Set(four.map(({ index }) => index)).size).toBe(7)
    expect(await previewSamples(dataset, 'train', 7, 1)).toEqual(four)
    const other = await previewSamples(dataset, 'train', 7, 2)
    expect(other.map(({ index }) => index)).not.toEqual(four.map(({ index }) => index))
    expect(await previewSamples(dataset, 'train', 100, 1)).toHaveLength(30)
    await expect(previewSamples(dataset, 'test', 1, 1)).rejects.toMatchObject({ code: 'dataset.no-split' })
  })

  it('shows floats between black and white, and the first of many channels', async () => {
    const values = Float32Array.of(-1, 50, 0, 60, 1, 70, 3, 80)
    const bytes = new Uint8Array(values.buffer)
    const dataset = buildDataset({
      format: 'made',
      path: 'made',
      classes: ['a'],
      sampleType: 'float32',
      shape: [2, 2, 2],
      labels: { train: new Int32Array(1) },
      samples: {
        read: async (_: number, into: Uint8Array) => into.set(bytes.subarray(0, into.length)),
        close: async () => {},
      },
      notes: [],
      fingerprint: '',
    })
    const [preview] = await previewSamples(dataset, 'train', 1, 0)
    expect(preview).toMatchObject({ width: 2, height: 2, channels: 1 })
    expect([...preview!.pixels]).toEqual([0, 64, 128, 255])
  })
})
