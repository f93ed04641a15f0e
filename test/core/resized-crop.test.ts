import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../../src/core/random.ts'
import { centreCrop, centreCut, randomCrop } from '../../src/core/resized-crop.ts'

const usual = { area: [0.08, 1], aspect: [3 / 4, 4 / 3] } as const

describe('a random crop', () => {
  it('is the one that the numbers say', () => {
    // Area halfway between .08 and 1 of 100 x 60, aspect ratio 1 (halfway on the log scale): a square of side sqrt(3240).
    const drawing: Random = { ...createRandom(0), uniform: () => 0.5, below: bound => bound - 1 }
    expect(randomCrop(100, 60, usual, drawing)).toEqual({ left: 43, top: 3, width: 57, height: 57 })
  })

  it.each([
    [500, 375],
    [32, 32],
    [640, 100],
    [1, 1],
    [1, 50],
  ])('of %i x %i lies inside, in the asked area and aspect but for rounding', (width, height) => {
    const random = createRandom(3)
    for (let i = 0; i < 500; i++) {
      const crop = randomCrop(width, height, usual, random)
      expect(crop.left).toBeGreaterThanOrEqual(0)
      expect(crop.top).toBeGreaterThanOrEqual(0)
      expect(crop.left + crop.width).toBeLessThanOrEqual(width)
      expect(crop.top + crop.height).toBeLessThanOrEqual(height)
      // Sides are rounded by at most half a pixel.
      expect((crop.width + 0.5) / (crop.height - 0.5)).toBeGreaterThanOrEqual(3 / 4 - 1e-9)
      expect((crop.width - 0.5) / (crop.height + 0.5)).toBeLessThanOrEqual(4 / 3 + 1e-9)
      expect((crop.width + 0.5) * (crop.height + 0.5)).toBeGreaterThanOrEqual(Math.min(0.08 * width * height, 1))
    }
  })

  it('covers the areas evenly', () => {
    const random = createRandom(5)
    const areas = Array.from({ length: 4000 }, () => {
      const { width, height } = randomCrop(1000, 1000, { area: [0.2, 0.6], aspect: [1, 1] }, random)
      return (width * height) / 1e6
    })
    expect(areas.reduce((sum, area) => sum + area, 0) / areas.length).toBeCloseTo(0.4, 2)
    expect(areas.filter(area => area < 0.3).length / areas.length).toBeCloseTo(0.25, 1)
  })
})

describe('a centre crop', () => {
  it.each([
    [100, 50, 1, { left: 25, top: 0, width: 50, height: 50 }],
    [50, 101, 1, { left: 0, top: 25, width: 50, height: 50 }],
    [640, 100, 4 / 3, { left: 253, top: 0, width: 133, height: 100 }],
    [1, 50, 1, { left: 0, top: 24, width: 1, height: 1 }],
  ])('of %i x %i pixels at aspect %f is the largest one', (width, height, aspect, crop) => {
    expect(centreCrop(width, height, aspect)).toEqual(crop)
  })
})

describe('a centre cut', () => {
  it.each([
    // Landscape, portrait, square; halves go to the even side: 117 / 2 is 58, 115 / 2 is 58.
    [500, 375, { width: 341, height: 256, left: 58, top: 16 }],
    [375, 500, { width: 256, height: 341, left: 16, top: 58 }],
    [339, 256, { width: 339, height: 256, left: 58, top: 16 }],
    [100, 100, { width: 256, height: 256, left: 16, top: 16 }],
  ])('of %i x %i pixels is scaled to 256 and cut to 224', (width, height, expected) => {
    expect(centreCut(width, height, 256, 224)).toEqual(expected)
  })
})
