/** A small RGB picture in floats (0 black, 1 full), and what can be painted on it. Shapes are anti-aliased. */
import type { Random } from '../random.ts'
import type { Point } from './outlines.ts'

export type Colour = readonly [red: number, green: number, blue: number]

export interface Canvas {
  /** Pixels each way. */
  readonly size: number
  /** Rows of pixels of three values. */
  readonly values: Float32Array
}

/** How much of a pixel a shape covers: x and y of its centre in pixels to a share in [0, 1]. */
export type Coverage = (x: number, y: number) => number

export const createCanvas = (size: number): Canvas => ({ size, values: new Float32Array(3 * size * size) })

export const mix = (a: number, b: number, share: number): number => a + (b - a) * share
export const between = (random: Random, low: number, high: number): number => mix(low, high, random.uniform())

/** Lays `colour` over what is there. */
export function paint({ size, values }: Canvas, coverage: Coverage, colour: Colour): void {
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      const share = coverage(x + 0.5, y + 0.5)
      if (share <= 0) continue
      for (let channel = 0; channel < 3; channel++)
        values[at + channel] = mix(values[at + channel]!, colour[channel]!, share)
    }
  }
}

/** From colour `a` to colour `b` along `angle`, all over the picture. */
export function gradient(canvas: Canvas, a: Colour, b: Colour, angle: number): void {
  const { size, values } = canvas
  const [dx, dy] = [Math.cos(angle) / size, Math.sin(angle) / size]
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      const share = 0.5 + (x + 0.5 - size / 2) * dx + (y + 0.5 - size / 2) * dy
      const bounded = Math.min(1, Math.max(0, share))
      for (let channel = 0; channel < 3; channel++) values[at + channel] = mix(a[channel]!, b[channel]!, bounded)
    }
  }
}

/** Smooth brightness noise: random values on a lattice of `cells` each way, in between them interpolated. */
export function cloud({ size, values }: Canvas, cells: number, strength: number, random: Random): void {
  const lattice = Float64Array.from({ length: (cells + 1) ** 2 }, () => between(random, -strength, strength))
  const value = (row: number, column: number): number => lattice[row * (cells + 1) + column]!
  for (let y = 0, at = 0; y < size; y++) {
    const v = (y / size) * cells
    const row = Math.floor(v)
    for (let x = 0; x < size; x++, at += 3) {
      const u = (x / size) * cells
      const column = Math.floor(u)
      const above = mix(value(row, column), value(row, column + 1), smooth(u - column))
      const below = mix(value(row + 1, column), value(row + 1, column + 1), smooth(u - column))
      const noise = mix(above, below, smooth(v - row))
      for (let channel = 0; channel < 3; channel++) values[at + channel]! += noise
    }
  }
}

const smooth = (share: number): number => share * share * (3 - 2 * share)

/** Independent noise of standard deviation `deviation` on every value. */
export function grain({ values }: Canvas, deviation: number, random: Random): void {
  // The sum of four bytes is close enough to a normal distribution; its deviation is sqrt(4 (256^2 - 1) / 12).
  const scale = deviation / Math.sqrt((256 ** 2 - 1) / 3)
  for (let at = 0; at < values.length; at++) {
    const bits = random.uint32()
    values[at]! += ((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510) * scale
  }
}

/** The picture as bytes, into `into` from `at`. */
export function toBytes({ values }: Canvas, into: Uint8Array, at: number): void {
  for (let index = 0; index < values.length; index++)
    into[at + index] = Math.round(255 * Math.min(1, Math.max(0, values[index]!)))
}

/** Line segments of strokes as x1, y1, x2, y2, one after the other. */
export function segments(strokes: readonly (readonly Point[])[]): Float64Array {
  return Float64Array.from(
    strokes.flatMap(points => points.slice(1).flatMap((point, index) => [...points[index]!, ...point])),
  )
}

/** From a point to the nearest of the segments. */
export function distance(lines: Float64Array, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < lines.length; at += 4) {
    const fromX = lines[at]!
    const fromY = lines[at + 1]!
    const alongX = lines[at + 2]! - fromX
    const alongY = lines[at + 3]! - fromY
    const share = ((x - fromX) * alongX + (y - fromY) * alongY) / (alongX * alongX + alongY * alongY)
    const bounded = Math.min(1, Math.max(0, share))
    const dx = x - fromX - bounded * alongX
    const dy = y - fromY - bounded * alongY
    const squared = dx * dx + dy * dy
    if (squared < least) least = squared
  }
  return Math.sqrt(least)
}

/** Whether a point lies inside a closed stroke: a ray from it crosses the segments an odd number of times. */
export function isInside(lines: Float64Array, x: number, y: number): boolean {
  let inside = false
  for (let at = 0; at < lines.length; at += 4) {
    const fromY = lines[at + 1]!
    const toY = lines[at + 3]!
    if (fromY > y === toY > y) continue
    if (x < lines[at]! + ((y - fromY) / (toY - fromY)) * (lines[at + 2]! - lines[at]!)) inside = !inside
  }
  return inside
}
