import { describe, expect, it } from 'vitest'
import { drawDirichlet } from '../../../src/core/federation/dirichlet.ts'
import type { PartitionRequest } from '../../../src/core/federation/partition.ts'
import { type PartitionOptions, partition, partitions } from '../../../src/core/federation/partitions.ts'
import { createRandom } from '../../../src/core/random.ts'

/** The split of the first official code, beta .1 over ten clients of CIFAR-10: class to count (five-systems, section 4b). */
const published: Record<string, number>[] = [
  { 1: 75, 2: 2995, 3: 695, 4: 8, 5: 5, 7: 309, 8: 9 },
  { 0: 790, 1: 4, 2: 1327, 3: 979, 4: 2574 },
  { 0: 2608, 1: 587, 2: 534, 3: 14, 4: 194, 6: 6, 7: 493, 8: 98 },
  { 2: 74, 3: 3, 4: 3, 5: 37, 8: 288, 9: 71 },
  { 0: 5, 2: 9, 3: 2, 5: 10, 6: 556, 7: 11, 9: 4459 },
  { 2: 1, 7: 4183, 8: 1072 },
  { 1: 4220, 4: 2, 5: 113, 8: 3532 },
  { 1: 5, 2: 59, 3: 443, 4: 867, 5: 4665 },
  { 0: 771, 1: 83, 3: 2863, 4: 983, 5: 154, 6: 857 },
  { 0: 826, 1: 26, 2: 1, 3: 1, 4: 369, 5: 16, 6: 3581, 7: 4, 8: 1, 9: 470 },
]
const publishedSizes = [4096, 5674, 4534, 476, 5052, 5256, 7867, 6039, 5711, 5295]

const labelsOf = (count: number, classes: number) => Int32Array.from({ length: count }, (_, i) => i % classes)
const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i)
const request = (more: Partial<PartitionRequest> = {}): PartitionRequest => {
  const labels = more.labels ?? labelsOf(1000, 10)
  return { labels, samples: all(labels.length), clients: 10, minimum: 1, seed: 3, ...more }
}
const classesOf = (list: Int32Array, labels: Int32Array) => new Set([...list].map(sample => labels[sample])).size
const sizes = (lists: readonly Int32Array[]) => lists.map(list => list.length)

describe('every partition', () => {
  const random = createRandom(5)
  const drawn: Record<keyof typeof partitions, (count: number, clients: number) => PartitionOptions> = {
    iid: () => ({ kind: 'iid' }),
    quantity: () => ({ kind: 'quantity', beta: 0.5 + random.uniform() }),
    shards: () => ({ kind: 'shards', perClient: 1 + random.below(3) }),
    dirichlet: () => ({ kind: 'dirichlet', beta: 0.1 + random.uniform() }),
    file(count, clients) {
      const lists = Array.from({ length: clients }, (): number[] => [])
      for (let sample = 0; sample < count; sample++) lists[sample % clients]!.push(sample)
      return { kind: 'file', holdings: lists, file: 'holdings.json' }
    },
  }
  it.each(Object.keys(partitions) as (keyof typeof partitions)[])('%s gives every sample to one client', kind => {
    for (let trial = 0; trial < 25; trial++) {
      const count = 60 + random.below(400)
      const clients = 1 + random.below(7)
      const labels = Int32Array.from({ length: count }, () => random.below(1 + random.below(10)))
      // Some are held out for validation.
      const samples = all(count).filter(() => random.uniform() < 0.9)
      const options = drawn[kind](count, clients)
      const asked = { labels, samples, clients, minimum: 1, seed: trial }
      const lists = partition(asked, options)
      expect(lists).toHaveLength(clients)
      expect(Int32Array.from(lists.flatMap(list => [...list])).sort()).toEqual(samples)
      for (const list of lists) {
        expect(list.length).toBeGreaterThanOrEqual(1)
        expect(list).toEqual(list.slice().sort())
      }
      expect(partition(asked, options)).toEqual(lists)
      if (kind !== 'file' && clients > 1)
        expect(partition({ ...asked, seed: trial + 1000 }, options)).not.toEqual(lists)
    }
  })
})

describe('partition', () => {
  it('iid: sizes to within one', () => {
    expect(sizes(partition(request({ labels: labelsOf(103, 10) }), { kind: 'iid' })).toSorted((a, b) => a - b)).toEqual(
      [10, 10, 10, 10, 10, 10, 10, 11, 11, 11],
    )
  })

  it('shards: one size, and few classes', () => {
    const labels = labelsOf(1000, 10)
    const lists = partition(request({ labels }), { kind: 'shards', perClient: 2 })
    expect(sizes(lists)).toEqual(Array(10).fill(100))
    // 20 shards of 50 of classes of 100: no shard has two classes.
    for (const list of lists) expect(classesOf(list, labels)).toBeLessThanOrEqual(2)
    expect(() => partition(request({ labels, clients: 600 }), { kind: 'shards', perClient: 2 })).toThrow(
      '1,200 samples, and there are 1,000',
    )
  })

  it('dirichlet: a small beta leaves clients with few classes, a large one is nearly even', () => {
    const labels = labelsOf(5000, 10)
    /** Mean over clients of their largest class, as a share of what they hold. */
    const skew = (beta: number) => {
      const lists = partition(request({ labels, minimum: 10 }), { kind: 'dirichlet', beta })
      const largest = lists.map(list => {
        const counts = new Float64Array(10)
        for (const sample of list) counts[labels[sample]!]!++
        return Math.max(...counts) / list.length
      })
      return largest.reduce((sum, share) => sum + share, 0) / lists.length
    }
    const [strong, medium, even] = [skew(0.1), skew(1), skew(1000)]
    expect(strong).toBeGreaterThan(0.5)
    expect(strong).toBeGreaterThan(medium)
    expect(medium).toBeGreaterThan(even)
    expect(even).toBeLessThan(0.13)
    expect(
      Math.min(...sizes(partition(request({ labels, minimum: 40 }), { kind: 'dirichlet', beta: 0.1 }))),
    ).toBeGreaterThanOrEqual(40)
    // Shares too small for a double are still shares.
    expect(partition(request({ labels, clients: 3 }), { kind: 'dirichlet', beta: 1e-4 })).toHaveLength(3)
  })

  it('gives up where the minimum is never met, and refuses more clients than samples', () => {
    const labels = labelsOf(30, 2)
    const hopeless = () => partition(request({ labels, clients: 15, minimum: 2 }), { kind: 'dirichlet', beta: 0.01 })
    expect(hopeless).toThrow('never did all of 15 clients hold at least 2 samples')
    expect(() => partition(request({ labels, clients: 31 }), { kind: 'iid' })).toThrow(
      '31 clients with at least 1 sample each need 31, and there are 30',
    )
  })

  it('from counts: the published split of CIFAR-10, to the sample', () => {
    const labels = labelsOf(50_000, 10)
    const lists = partition(request({ labels }), { kind: 'file', holdings: published, file: 'split.json' })
    expect(sizes(lists)).toEqual(publishedSizes)
    for (const [client, list] of lists.entries()) {
      const counts: Record<string, number> = {}
      for (const sample of list) counts[labels[sample]!] = (counts[labels[sample]!] ?? 0) + 1
      expect(counts).toEqual(published[client])
    }
  })

  it('from a file: validation samples are taken from whoever has them', () => {
    const holdings = [
      [0, 3, 2],
      [1, 4],
    ]
    const asked = request({ labels: labelsOf(5, 2), samples: Int32Array.of(0, 1, 2, 4), clients: 2 })
    expect(partition(asked, { kind: 'file', holdings, file: 'f' })).toEqual([Int32Array.of(0, 2), Int32Array.of(1, 4)])
  })

  it.each([
    ['misses a sample', [[0, 1], [2]], 'nobody is given 1 sample, the first is 3'],
    [
      'repeats one',
      [
        [0, 1, 2],
        [2, 3],
      ],
      'sample 2 is given to client 1 and again to client 2',
    ],
    [
      'repeats one in one client',
      [
        [0, 0, 1],
        [2, 3],
      ],
      'sample 0 is given to client 1 and again to client 1',
    ],
    [
      'has one that there is not',
      [
        [0, 1],
        [2, 3, 4],
      ],
      'client 2 has the sample 4, and they are numbered 0 to 3',
    ],
    [
      'has half a sample',
      [
        [0, 1.5],
        [2, 3],
      ],
      'client 1 has the sample 1.5',
    ],
    ['has another number of clients', [[0, 1, 2, 3]], 'it has 1 client, and the recipe asks for 2'],
    ['leaves a client nothing', [[0, 1, 2, 3], []], 'client 2 is left with 0 samples, and partition.minimum is 1'],
    ['counts too many', [{ 0: 3 }, { 1: 2 }], 'client 1 has 3 samples of class 0, and 2 are left'],
    ['counts too few', [{ 0: 1 }, { 1: 2, 0: 0 }], 'nobody is given 1 sample'],
    [
      'counts a class that there is not',
      [{ 0: 2, 7: 1 }, { 1: 2 }],
      'client 1 has 1 sample of class 7, and 0 are left',
    ],
    ['mixes both', [{ 0: 2 }, [1, 3]], 'some clients are given by samples and some by counts'],
  ])('a file that %s is refused', (_, holdings, message) => {
    const options = { kind: 'file', holdings: holdings as number[][], file: 'split.json' } as const
    const attempt = () => partition(request({ labels: labelsOf(4, 2), clients: 2 }), options)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow('split.json')
  })
})

describe('drawDirichlet', () => {
  it('has the moments of the distribution: mean 1 / k, variance (k - 1) / (k^2 (k beta + 1))', () => {
    for (const beta of [0.1, 0.5, 3]) {
      const random = createRandom(11)
      const draws = Array.from({ length: 20_000 }, () => drawDirichlet(random, 4, beta))
      for (const shares of draws.slice(0, 100)) expect(shares.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12)
      for (const place of [0, 3]) {
        const mean = draws.reduce((sum, shares) => sum + shares[place]!, 0) / draws.length
        const variance = draws.reduce((sum, shares) => sum + (shares[place]! - mean) ** 2, 0) / draws.length
        expect(mean).toBeCloseTo(0.25, 2)
        expect(variance / (3 / (16 * (4 * beta + 1)))).toBeCloseTo(1, 1)
      }
    }
  })
})
