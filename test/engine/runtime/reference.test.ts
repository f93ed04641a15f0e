import { describe, expect, it } from 'vitest'
import { batchNorm, convolve, convolveBackward, matMul } from '../../../src/engine/runtime/reference.ts'

const f = (...values: number[]) => Float32Array.from(values)

describe('the plain-JavaScript reference, by hand', () => {
  it('multiplies matrices', () => {
    expect(matMul(f(1, 2, 3, 4, 5, 6), f(1, 0, 0, 1, 1, 1), 2, 3, 2)).toEqual(f(4, 5, 10, 11))
  })

  it('convolves with zeros around the image', () => {
    // A 2x2 image under a 3x3 kernel of ones: every position sees all four pixels.
    const size = { batch: 1, height: 2, width: 2, inputs: 1, outputs: 1, kernel: 3 }
    expect(convolve(f(1, 2, 3, 4), new Float32Array(9).fill(1), size)).toEqual(f(10, 10, 10, 10))
    // A kernel that only looks one pixel to the left.
    expect(convolve(f(1, 2, 3, 4), f(0, 0, 0, 1, 0, 0, 0, 0, 0), size)).toEqual(f(0, 1, 0, 3))
  })

  it('has the gradients that finite differences give', () => {
    const size = { batch: 2, height: 3, width: 2, inputs: 2, outputs: 2, kernel: 3 }
    const ramp = (n: number, seed: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(seed + 1.7 * i))
    const [x, w, dy] = [ramp(24, 1), ramp(36, 2), ramp(24, 3)]
    const loss = (a: Float32Array, b: Float32Array) => convolve(a, b, size).reduce((sum, y, i) => sum + y * dy[i]!, 0)
    const { dx, dw } = convolveBackward(x, w, dy, size)
    const shifted = (values: Float32Array, i: number, by: number) => values.map((v, j) => (i === j ? v + by : v))
    for (let i = 0; i < x.length; i++) {
      const slope = (loss(shifted(x, i, 0.5), w) - loss(shifted(x, i, -0.5), w)) / 1
      expect(dx[i]).toBeCloseTo(slope, 4)
    }
    for (let i = 0; i < w.length; i++) {
      const slope = (loss(x, shifted(w, i, 0.5)) - loss(x, shifted(w, i, -0.5))) / 1
      expect(dw[i]).toBeCloseTo(slope, 4)
    }
  })

  it('normalises each channel', () => {
    // Channel 0 holds 1 and 3 (mean 2, variance 1), channel 1 holds 5 and 5.
    const y = batchNorm(f(1, 5, 3, 5), f(2, 1), f(10, 0), 0)
    expect([y[0], y[2]]).toEqual([8, 12])
    expect(batchNorm(f(1, 5, 3, 5), f(2, 1), f(10, 7), 1)[1]).toBe(7)
  })
})
