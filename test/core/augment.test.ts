import { describe, expect, it } from 'vitest'
import { cropFlip } from '../../src/core/augment.ts'
import { createRandom, type Random } from '../../src/core/random.ts'

/** Says 0 <= `numbers[i]` < bound where a number below a bound is asked for, in order. */
const drawing = (...numbers: number[]): Random => ({ ...createRandom(0), below: () => numbers.shift()! })

// One channel, the digits of each pixel are its row and column.
const image = Uint8Array.of(11, 12, 13, 21, 22, 23, 31, 32, 33)
const shape = [3, 3, 1]

describe('crop and flip', () => {
  it.each([
    // Draws: rows from 0 to 2 x padding, columns likewise, mirrored or not. In the middle nothing moves.
    ['nothing', [1, 1, 0], [11, 12, 13, 21, 22, 23, 31, 32, 33]],
    ['mirrored', [1, 1, 1], [13, 12, 11, 23, 22, 21, 33, 32, 31]],
    ['up and left edge', [0, 0, 0], [0, 0, 0, 0, 11, 12, 0, 21, 22]],
    ['down and right edge', [2, 2, 0], [22, 23, 0, 32, 33, 0, 0, 0, 0]],
    ['right edge, then mirrored', [1, 2, 1], [0, 13, 12, 0, 23, 22, 0, 33, 32]],
  ])('zero: %s', (_what, draws, expected) => {
    expect([...cropFlip(image, shape, { padding: 1, fill: 'zero' }, drawing(...draws))]).toEqual(expected)
  })

  it.each([
    ['up and left edge', [0, 0, 0], [33, 32, 31, 23, 22, 21, 13, 12, 11]],
    ['down by one', [3, 2, 0], [21, 22, 23, 31, 32, 33, 21, 22, 23]],
    ['right by one, mirrored', [2, 3, 1], [12, 13, 12, 22, 23, 22, 32, 33, 32]],
  ])('reflect: %s', (_what, draws, expected) => {
    expect([...cropFlip(image, shape, { padding: 2, fill: 'reflect' }, drawing(...draws))]).toEqual(expected)
  })

  /** Pads all round, cuts out, mirrors: pixel by pixel. */
  function byDefinition(images: readonly number[], dims: number[], padding: number, fill: string, random: Random) {
    const [height, width, channels] = dims as [number, number, number]
    const size = height * width * channels
    const reflect = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i)
    const result: number[] = []
    for (let start = 0; start < images.length; start += size) {
      const padded = (y: number, x: number, c: number) => {
        const [row, column] = [y - padding, x - padding]
        const isInside = row >= 0 && row < height && column >= 0 && column < width
        if (!isInside && fill === 'zero') return 0
        return images[start + (reflect(row, height) * width + reflect(column, width)) * channels + c]!
      }
      const [top, left, flip] = [random.below(2 * padding + 1), random.below(2 * padding + 1), random.below(2)]
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let c = 0; c < channels; c++) result.push(padded(y + top, (flip === 1 ? width - 1 - x : x) + left, c))
    }
    return result
  }

  it.each(['zero', 'reflect'] as const)('%s equals padding, cutting out and mirroring', fill => {
    const random = createRandom(3)
    for (let trial = 0; trial < 60; trial++) {
      const dims = [2 + random.below(7), 2 + random.below(7), 1 + random.below(4)]
      const length = 3 * dims.reduce((product, size) => product * size, 1)
      const values = Array.from({ length }, () => random.below(256))
      const padding = random.below(Math.min(dims[0]!, dims[1]!, 5))
      const expected = byDefinition(values, dims, padding, fill, createRandom(trial))
      for (const type of [Uint8Array, Float32Array]) {
        const images = type.from(values)
        const result = cropFlip(images, dims, { padding, fill }, createRandom(trial))
        expect(result).toEqual(type.from(expected))
        expect(images).toEqual(type.from(values))
        expect(result.buffer).not.toBe(images.buffer)
      }
    }
  })

  it('shifts every way equally often, and mirrors half of the time', () => {
    // One bright pixel in the middle of a 9x9 image tells where it went; its right neighbour, whether it was mirrored.
    const dot = new Uint8Array(81)
    dot[40] = 2
    dot[41] = 1
    const counts = new Map<string, number>()
    const random = createRandom(11)
    for (let trial = 0; trial < 9000; trial++) {
      const moved = cropFlip(dot, [9, 9, 1], { padding: 1, fill: 'zero' }, random)
      const key = `${moved.indexOf(2)} ${moved.indexOf(1) > moved.indexOf(2)}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(18)
    // 500 each; five standard deviations are 109.
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(109)
  })

  it('refuses a padding that has no reflection', () => {
    expect(() => cropFlip(image, shape, { padding: 3, fill: 'reflect' }, createRandom(0))).toThrow(RangeError)
  })
})
