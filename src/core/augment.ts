/** Random changes to training images. Batches are NHWC, as data sets keep them. */
import type { Random } from './random.ts'

export interface CropFlip {
  /** Pixels that are added on each side before an image of the old size is cut out; below height and width. */
  readonly padding: number
  /** What is added: black (the value 0, before normalisation), or the image reflected about its edge pixels. */
  readonly fill: 'zero' | 'reflect'
}

/**
 * Each image shifted by up to `padding` pixels in both directions, every shift equally likely, and mirrored left to right
 * with probability 1/2 (He et al. 2016, section 4.2). A fresh array: a tensor may share the old one. Takes three numbers
 * an image from `random`. `shape` is one image: [height, width, channels].
 */
export function cropFlip<T extends Uint8Array | Float32Array>(
  images: T,
  shape: readonly number[],
  { padding, fill }: CropFlip,
  random: Random,
): T {
  const [height, width, channels] = shape as [number, number, number]
  if (padding >= Math.min(height, width)) throw new RangeError(`a padding of ${padding} for ${height}x${width} pixels`)
  const result = images.slice() as T
  const rowLength = width * channels
  const rows = new Int32Array(height)
  const columns = new Int32Array(width)
  for (let image = 0; image < images.length; image += height * rowLength) {
    sources(rows, random.below(2 * padding + 1) - padding, fill)
    sources(columns, random.below(2 * padding + 1) - padding, fill)
    if (random.below(2) === 1) columns.reverse()
    for (let y = 0; y < height; y++) {
      const to = image + y * rowLength
      if (rows[y]! < 0) result.fill(0, to, to + rowLength)
      else copyRow(result, to, images, image + rows[y]! * rowLength, columns, channels)
    }
  }
  return result
}

/** The pixels `columns` of the row of `images` at `from`, to the row of `result` at `to`. */
function copyRow(
  result: Uint8Array | Float32Array,
  to: number,
  images: Uint8Array | Float32Array,
  from: number,
  columns: Int32Array,
  channels: number,
): void {
  let at = to
  for (let x = 0; x < columns.length; x++) {
    const column = columns[x]!
    const source = from + column * channels
    for (let channel = 0; channel < channels; channel++) result[at++] = column < 0 ? 0 : images[source + channel]!
  }
}

/** The source of each row or column of an image shifted by `shift`; -1 where it is outside and black. */
function sources(into: Int32Array, shift: number, fill: CropFlip['fill']): void {
  const last = into.length - 1
  for (let i = 0; i <= last; i++) {
    const at = i + shift
    if (at >= 0 && at <= last) into[i] = at
    else if (fill === 'zero') into[i] = -1
    else into[i] = at < 0 ? -at : 2 * last - at
  }
}
