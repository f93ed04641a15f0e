import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildDataset } from '../../../src/formats/samples/build-dataset.ts'
import { fingerprint } from '../../../src/formats/samples/fingerprint.ts'
import { guessLayout, interleave } from '../../../src/formats/samples/pixels.ts'
import { records } from '../../../src/formats/samples/records.ts'
import { storeSamples } from '../../../src/formats/samples/sample-store.ts'
import type { Tree } from '../../../src/formats/tree/tree.ts'
import { folders } from '../datasets/made.ts'
import { random, thrownBy } from '../fuzz.ts'

async function* chunksOf(bytes: Uint8Array, sizes: () => number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = sizes()
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('records', () => {
  it('are whole and in order, however the bytes are cut, in fresh memory', async () => {
    const next = random(7)
    for (const [length, recordSize, skip] of [
      [100, 7, 0],
      [100, 7, 3],
      [3_000_000, 3073, 16],
      [2_500_000, 1_200_000, 1],
      [5, 9, 0],
    ] as const) {
      const bytes = Uint8Array.from({ length }, (_, k) => (k * 7) % 256)
      const seen: Uint8Array[] = []
      const chunks = chunksOf(bytes, () => 1 + Math.floor(next() * (length > 1000 ? 200_000 : 20)))
      for await (const block of records(chunks, recordSize, skip)) {
        expect(block.length % recordSize).toBe(0)
        seen.push(block)
      }
      const whole = Math.floor((length - skip) / recordSize) * recordSize
      expect(Buffer.concat(seen).equals(bytes.subarray(skip, skip + whole))).toBe(true)
      expect(new Set(seen.map(block => block.buffer)).size).toBe(seen.length)
    }
  })
})

describe('pixels', () => {
  it('planes become interleaved', () => {
    const into = new Uint8Array(8)
    interleave(Uint8Array.of(9, 1, 2, 3, 4, 5, 6), 1, into, 2, 3, 2)
    expect([...into]).toEqual([0, 0, 1, 3, 5, 2, 4, 6])
  })

  it.each<[number[], readonly number[] | null, boolean?]>([
    [[10, 28, 28], [28, 28, 1], false],
    [[10, 32, 32, 3], [32, 32, 3], false],
    [[10, 3, 32, 32], [32, 32, 3], true],
    [[10, 1, 28, 28], [28, 28, 1], true],
    [[10, 3, 3, 3], [3, 3, 3], false],
    [[10, 8, 8, 5], [8, 8, 5], false],
    [[10, 784], null],
    [[], null],
    [[1, 2, 3, 4, 5], null],
  ])('dims %j are samples of %j', (dims, shape, isPlanar) => {
    const layout = guessLayout(dims, 'image')
    expect(layout && [layout.shape, layout.isPlanar]).toEqual(shape && [shape, isPlanar])
  })

  it('dims of time series are samples x steps x features, and nothing else', () => {
    expect(guessLayout([10, 128, 9], 'series')).toMatchObject({ shape: [128, 9], isPlanar: false })
    for (const dims of [[10, 9], [10, 3, 8, 8], []]) expect(guessLayout(dims, 'series')).toBeNull()
  })
})

describe('data sets', () => {
  const samples = { read: async () => {}, close: async () => {} }
  const parts = {
    format: 'made',
    path: 'here',
    classes: ['a', 'b'],
    sampleType: 'uint8',
    shape: [1, 1, 1],
    samples,
    notes: [],
    fingerprint: '',
  } as const

  it('refuse labels outside the classes, naming the sample, and no samples at all', async () => {
    for (const label of [2, -1]) {
      const error = await thrownBy(() => buildDataset({ ...parts, labels: { test: Int32Array.of(0, 1, label) } }))
      expect(error).toMatchObject({
        code: 'dataset.classes',
        message: expect.stringContaining(`test sample 2 with class ${label}`),
      })
    }
    const empty = await thrownBy(() =>
      buildDataset({ ...parts, labels: { train: new Int32Array(), test: new Int32Array() } }),
    )
    expect(empty.code).toBe('dataset.no-split')
    expect(
      Object.keys(buildDataset({ ...parts, labels: { train: new Int32Array(), test: new Int32Array(1) } }).splits),
    ).toEqual(['test'])
  })

  it('a reader that gives fewer bytes than it announced is found out', async () => {
    const request = { fingerprint: 'f', bytes: 4, shape: [1, 1, 1], isCostly: false }
    const fill = async (append: (bytes: Uint8Array) => Promise<void>) => {
      await append(new Uint8Array(3))
      return []
    }
    await expect(storeSamples(request, {}, fill)).rejects.toThrow(/gave 3 bytes where it announced 4/)
    await expect(storeSamples(request, { memoryBudget: 1 }, fill)).rejects.toThrow(/gave 3 bytes/)
  })
})

describe('fingerprints', () => {
  const { root } = folders()
  const GiB = 2 ** 30
  /** A tree that says it is large; byte k of entry e is a function of both. `reads` counts bytes. */
  function largeTree(sizes: readonly number[], seed: number, changedAt?: number) {
    const reads = { bytes: 0 }
    const entries = sizes.map((size, index) => ({
      path: `f${index}`,
      size,
      ...(changedAt !== undefined && { changedAt }),
    }))
    const tree: Tree = {
      path: 'large',
      kind: 'folder',
      entries,
      folders: [],
      notes: [],
      locate: ({ path }) => path,
      read: async () => new Uint8Array(),
      async readRange({ path, size }, start, length) {
        const bytes = new Uint8Array(Math.min(length, size - start)).fill((start + seed + path.length) % 251)
        reads.bytes += bytes.length
        return bytes
      },
      chunks: async function* () {},
      close: async () => {},
    }
    return { tree, reads }
  }

  it('of large data are of samples, spread over all of it, and say so', async () => {
    const { tree, reads } = largeTree([GiB, 5, GiB, GiB], 0)
    const one = await fingerprint(tree, tree.entries, {})
    expect(one.notes[0]).toMatchObject({ kind: 'guessed', text: expect.stringContaining('large') })
    expect(reads.bytes).toBeGreaterThan(60 * 2 ** 20)
    expect(reads.bytes).toBeLessThanOrEqual(64 * 2 ** 20)
    const again = largeTree([GiB, 5, GiB, GiB], 0).tree
    expect((await fingerprint(again, again.entries, {})).hash).toBe(one.hash)
    for (const other of [largeTree([GiB, 5, GiB, GiB], 1).tree, largeTree([GiB, 6, GiB, GiB - 1], 0).tree]) {
      expect((await fingerprint(other, other.entries, {})).hash).not.toBe(one.hash)
    }
  })

  it('are not made again of files that did not change since, where there is a cache', async () => {
    const hashOf = async (sizes: readonly number[], changedAt: number, cacheDirectory?: string) => {
      const { tree, reads } = largeTree(sizes, changedAt % 7, changedAt)
      const { hash, notes } = await fingerprint(
        tree,
        tree.entries,
        cacheDirectory === undefined ? {} : { cacheDirectory },
      )
      return { hash, isRead: reads.bytes > 0, notes: notes.length }
    }
    const [sizes, old] = [[2 * GiB, 7], Date.now() - 60_000]
    const first = await hashOf(sizes, old, root)
    expect(first).toMatchObject({ isRead: true, notes: 1 })
    expect(await hashOf(sizes, old, root)).toEqual({ ...first, isRead: false })
    expect(await hashOf(sizes, old)).toEqual(first)
    const touched = await hashOf(sizes, old + 1, root)
    expect([touched.isRead, touched.hash === first.hash]).toEqual([true, false])
    expect((await hashOf([2 * GiB, 8], old, root)).isRead).toBe(true)
    // What changed a moment ago may change again unseen.
    const now = Date.now()
    for (const _ of [1, 2]) expect((await hashOf(sizes, now, root)).isRead).toBe(true)
    // A damaged note is no note.
    for (const name of await readdir(join(root, 'fingerprints')))
      await writeFile(join(root, 'fingerprints', name), 'junk')
    expect(await hashOf(sizes, old, root)).toEqual(first)
  })
})
