/**
 * Glyphs: a data set that is made instead of downloaded. Shapes and letters in 32 x 32 pixels, each distorted, coloured,
 * laid on a background of its own, partly covered and made noisy; ten classes, as many samples of each. Small networks
 * learn it in a minute, and not perfectly, so that what pruning costs shows.
 */
import {
  between,
  type Canvas,
  type Colour,
  type Coverage,
  cloud,
  createCanvas,
  distance,
  gradient,
  grain,
  isInside,
  paint,
  segments,
  toBytes,
} from './glyphs/canvas.ts'
import { type Outline, outlines } from './glyphs/outlines.ts'
import { createRandom, deriveSeed, type Random } from './random.ts'

/** Raise it whenever the same seed begins to give other pictures: results of older ones are then not taken over. */
export const glyphsVersion = 1

const glyphSize = 32
export const glyphClasses: readonly string[] = outlines.map(({ name }) => name)
/** One sample: [height, width, channels]. */
export const glyphShape: readonly [number, number, number] = [glyphSize, glyphSize, 3]

export interface Glyphs {
  /** uint8, count x 32 x 32 x 3. */
  readonly samples: Uint8Array
  /** Sample i is of class i % 10. */
  readonly labels: Int32Array
}

/** Samples `from` to `from + count` of the endless sequence that belongs to `seed`: the same wherever one starts. */
export function glyphs(seed: number, count: number, from = 0): Glyphs {
  const canvas = createCanvas(glyphSize)
  const samples = new Uint8Array(count * canvas.values.length)
  const labels = Int32Array.from({ length: count }, (_, index) => (from + index) % outlines.length)
  for (let index = 0; index < count; index++) {
    draw(canvas, outlines[labels[index]!]!, createRandom(deriveSeed(seed, 'glyph', from + index)))
    toBytes(canvas, samples, index * canvas.values.length)
  }
  return { samples, labels }
}

function draw(canvas: Canvas, outline: Outline, random: Random): void {
  const ground = colour(between(random, 0.1, 0.5), random)
  gradient(canvas, ground, near(ground, 0.25, random), between(random, 0, 2 * Math.PI))
  cloud(canvas, 2 + random.below(5), between(random, 0, 0.12), random)
  for (let line = random.below(3); line > 0; line--) paint(canvas, strayLine(random), near(ground, 0.35, random))
  paint(canvas, shape(outline, random), colour(between(random, 0.6, 0.95), random))
  for (let patch = random.below(3); patch > 0; patch--) paint(canvas, strayPatch(random), near(ground, 0.25, random))
  grain(canvas, between(random, 0.02, 0.08), random)
}

/** Grounds are dark and glyphs light: which of the two is the glyph is nothing that a network has to find out. */
function colour(brightness: number, random: Random): Colour {
  return near([brightness, brightness, brightness], 0.25, random)
}

const near = (base: Colour, reach: number, random: Random): Colour =>
  base.map(value => Math.min(1, Math.max(0, value + between(random, -reach, reach)))) as unknown as Colour

/** The outline turned, stretched, sheared, waved and moved. */
function shape({ strokes, paint: look }: Outline, random: Random): Coverage {
  const lines = segments(strokes)
  const radius = between(random, 7, 12)
  const stretch = Math.exp(between(random, -0.25, 0.25))
  const shear = between(random, -0.3, 0.3)
  const angle = between(random, -0.35, 0.35)
  const [centreX, centreY] = [glyphSize / 2 + between(random, -3, 3), glyphSize / 2 + between(random, -3, 3)]
  const [cos, sin] = [Math.cos(angle) / radius, Math.sin(angle) / radius]
  const wave = between(random, 0, 0.12)
  const [phaseX, phaseY] = [between(random, 0, 2 * Math.PI), between(random, 0, 2 * Math.PI)]
  const halfWidth = between(random, 0.1, 0.2)
  const isFilled = look === 'filled' || (look === 'either' && random.below(2) === 0)
  // Edges of one pixel, some up to two: out of focus.
  const sharpness = radius / between(random, 1, 2)
  return (x, y) => {
    const u = (cos * (x - centreX) + sin * (y - centreY)) * stretch
    const v = (cos * (y - centreY) - sin * (x - centreX)) / stretch + shear * u
    const wavedU = u + wave * Math.sin(3 * v + phaseX)
    const wavedV = v + wave * Math.sin(3 * u + phaseY)
    if (Math.abs(wavedU) > 1.5 || Math.abs(wavedV) > 1.5) return 0
    const away = distance(lines, wavedU, wavedV)
    const outside = isFilled ? (isInside(lines, wavedU, wavedV) ? -away : away) : away - halfWidth
    return Math.min(1, Math.max(0, 0.5 - outside * sharpness))
  }
}

function strayLine(random: Random): Coverage {
  const point = () => [between(random, 0, glyphSize), between(random, 0, glyphSize)] as const
  const lines = segments([[point(), point()]])
  const halfWidth = between(random, 0.4, 1.2)
  return (x, y) => Math.min(1, Math.max(0, 0.5 + halfWidth - distance(lines, x, y)))
}

/** A tilted rectangle. */
function strayPatch(random: Random): Coverage {
  const angle = between(random, 0, Math.PI)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [centreX, centreY] = [between(random, 6, glyphSize - 6), between(random, 6, glyphSize - 6)]
  const [halfWidth, halfHeight] = [between(random, 1.5, 4.5), between(random, 1.5, 4.5)]
  return (x, y) => {
    const across = halfWidth - Math.abs(cos * (x - centreX) + sin * (y - centreY))
    const along = halfHeight - Math.abs(cos * (y - centreY) - sin * (x - centreX))
    return Math.min(1, Math.max(0, 0.5 + Math.min(across, along)))
  }
}
