/** The ten classes of Glyphs as strokes: what each is before it is distorted and painted. */

/** x to the right, y down; the glyph lies in [-1, 1] x [-1, 1]. */
export type Point = readonly [x: number, y: number]

export interface Outline {
  readonly name: string
  /** Lines through their points; a closed one returns to its first. */
  readonly strokes: readonly (readonly Point[])[]
  /** `filled` and `either` have one closed stroke. */
  readonly paint: 'outlined' | 'filled' | 'either'
}

/** Points on a circle from angle `from` to `to`, in turns clockwise from the right. */
function arc(x: number, y: number, radius: number, from: number, to: number, steps: number): Point[] {
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = 2 * Math.PI * (from + ((to - from) * step) / steps)
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)] as const
  })
}

const closed = (points: readonly Point[]): readonly Point[] => [...points, points[0]!]

const round = arc(0, 0, 0.85, 0, 1, 24)
const star = Array.from({ length: 10 }, (_, corner): Point => {
  const radius = corner % 2 === 0 ? 1 : 0.42
  const angle = 2 * Math.PI * (corner / 10 - 0.25)
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
})

/** In the order of their labels. */
export const outlines: readonly Outline[] = [
  { name: 'circle', strokes: [round], paint: 'filled' },
  { name: 'ring', strokes: [round], paint: 'outlined' },
  {
    name: 'square',
    strokes: [
      closed([
        [-0.8, -0.8],
        [0.8, -0.8],
        [0.8, 0.8],
        [-0.8, 0.8],
      ]),
    ],
    paint: 'either',
  },
  {
    name: 'triangle',
    strokes: [
      closed([
        [0, -0.9],
        [0.95, 0.75],
        [-0.95, 0.75],
      ]),
    ],
    paint: 'either',
  },
  { name: 'star', strokes: [closed(star)], paint: 'either' },
  {
    name: 'cross',
    strokes: [
      [
        [-0.9, 0],
        [0.9, 0],
      ],
      [
        [0, -0.9],
        [0, 0.9],
      ],
    ],
    paint: 'outlined',
  },
  {
    name: 'A',
    strokes: [
      [
        [-0.75, 0.9],
        [0, -0.9],
        [0.75, 0.9],
      ],
      [
        [-0.45, 0.25],
        [0.45, 0.25],
      ],
    ],
    paint: 'outlined',
  },
  {
    name: 'E',
    strokes: [
      [
        [0.65, -0.9],
        [-0.6, -0.9],
        [-0.6, 0.9],
        [0.65, 0.9],
      ],
      [
        [-0.6, 0],
        [0.45, 0],
      ],
    ],
    paint: 'outlined',
  },
  {
    name: 'K',
    strokes: [
      [
        [-0.6, -0.9],
        [-0.6, 0.9],
      ],
      [
        [0.65, -0.9],
        [-0.6, 0.1],
      ],
      [
        [-0.2, -0.2],
        [0.7, 0.9],
      ],
    ],
    paint: 'outlined',
  },
  {
    name: 'S',
    strokes: [[...arc(0, -0.45, 0.45, -0.08, -0.75, 10), ...arc(0, 0.45, 0.45, -0.25, 0.42, 10)]],
    paint: 'outlined',
  },
]
