import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { glyphClasses, glyphs, glyphsVersion } from '../../src/core/glyphs.ts'

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const sampleBytes = 32 * 32 * 3

describe('glyphs', () => {
  it('are the same for ever, or another version', () => {
    const { samples } = glyphs(0, 100)
    expect(`${glyphsVersion}: ${hashOf(samples)}`).toMatchInlineSnapshot(
      `"1: 3df08c9080406b06a17ba5d72b852c846b6a77bfa4a3ad56b4c8fc643f674f81"`,
    )
  })

  it('come in turns of ten classes', () => {
    expect(glyphClasses).toHaveLength(10)
    expect(new Set(glyphClasses).size).toBe(10)
    expect([...glyphs(0, 23).labels]).toEqual(Array.from({ length: 23 }, (_, index) => index % 10))
  })

  it('depend on seed and place alone', () => {
    const all = glyphs(5, 30)
    const some = glyphs(5, 7, 13)
    expect([...some.labels]).toEqual([...all.labels.slice(13, 20)])
    expect(hashOf(some.samples)).toBe(hashOf(all.samples.slice(13 * sampleBytes, 20 * sampleBytes)))
    expect(hashOf(glyphs(6, 30).samples)).not.toBe(hashOf(all.samples))
  })

  it('are all different, and none is empty', () => {
    const { samples } = glyphs(1, 500)
    const each = Array.from({ length: 500 }, (_, i) => samples.subarray(i * sampleBytes, (i + 1) * sampleBytes))
    expect(new Set(each.map(hashOf)).size).toBe(500)
    for (const image of each) {
      const mean = image.reduce((sum, value) => sum + value, 0) / sampleBytes
      const deviation = Math.sqrt(image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sampleBytes)
      expect(deviation).toBeGreaterThan(8)
    }
  })

  it('are not to be told apart by brightness: a classifier of class means is far from right', () => {
    // What a network learns must be shapes. The nearest mean image of 500 others is a fair measure of the rest.
    const known = glyphs(2, 1000)
    const means = glyphClasses.map((_, label) => {
      const mean = new Float64Array(sampleBytes)
      for (let i = label; i < 1000; i += 10)
        for (let k = 0; k < sampleBytes; k++) mean[k]! += known.samples[i * sampleBytes + k]! / 100
      return mean
    })
    const { samples } = glyphs(3, 300)
    let right = 0
    for (let i = 0; i < 300; i++) {
      const distances = means.map(mean =>
        mean.reduce((sum, value, k) => sum + (value - samples[i * sampleBytes + k]!) ** 2, 0),
      )
      if (distances.indexOf(Math.min(...distances)) === i % 10) right++
    }
    expect(right / 300).toBeGreaterThan(0.1)
    expect(right / 300).toBeLessThan(0.5)
  })
})
