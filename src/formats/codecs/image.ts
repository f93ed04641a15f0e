/** PNG and JPEG to RGB pixels, by sharp (libvips). */
import sharp, { type Sharp } from 'sharp'
import type { CentreCut, Crop } from '../../core/resized-crop.ts'
import { EspalierError } from '../../shared/errors.ts'
import { looksLike } from '../file-faults.ts'
import { isJpeg, isPng, readImageHeader } from './image-header.ts'

export interface DecodedImage {
  readonly width: number
  readonly height: number
  /** height x width x 3; gray images have three equal channels. */
  readonly pixels: Uint8Array
  /** The file stores gray, with or without alpha, and no colours. */
  readonly isStoredGray: boolean
  /** There was an alpha channel; it is left out, colours stay as they are stored. */
  readonly hadAlpha: boolean
  /** There were 16 bits a channel; the upper 8 are kept. */
  readonly was16Bit: boolean
  /** What the decoder complained of and went on, as other loaders do. */
  readonly warning?: string
}

/** Images of data sets are small and many: the cores are kept busy by several images at once, and none comes again. */
sharp.concurrency(1)
sharp.cache(false)

/**
 * Pixels as PyTorch's loaders see them: neither an embedded colour profile nor an EXIF orientation is applied.
 * `name` is for messages. Throws `file.corrupt`, also for cut-off images, which would decode to a gray rest.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage> {
  if (!isPng(bytes) && !isJpeg(bytes)) throw corrupt(name, `it is not a PNG or JPEG image, it ${looksLike(bytes)}`)
  try {
    return await decode(bytes, 'warning')
  } catch (cause) {
    const warning = reasonOf(cause)
    try {
      return { ...(await decode(bytes, 'error')), warning }
    } catch (fault) {
      throw corrupt(name, reasonOf(fault), fault)
    }
  }
}

async function decode(bytes: Uint8Array, failOn: 'warning' | 'error'): Promise<DecodedImage> {
  const image = sharp(bytes, { ignoreIcc: true, failOn }).toColourspace('srgb').raw({ depth: 'uchar' })
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  return {
    width,
    height,
    pixels: toRgb(data, channels),
    isStoredGray: (readImageHeader(bytes)?.channels ?? 3) < 3,
    hadAlpha: channels === 2 || channels === 4,
    was16Bit: isPng(bytes) && bytes[24] === 16,
  }
}

/** A square that is cut out of an image and scaled. */
export type Cut =
  | ({ readonly kind: 'centre' } & CentreCut)
  /** `crop` is scaled to the square, and mirrored left to right if asked for. */
  | { readonly kind: 'part'; readonly crop: Crop; readonly isMirrored: boolean }

/**
 * The square of side `size`, size x size x 3, of a JPEG: the bytes of a file or, quicker, its path. Scaling is bilinear
 * with the kernel widened where the image shrinks, which is what PIL does. Two things differ a little: a JPEG that shrinks
 * to half or less is decoded smaller right away, and an image that grows lies half a pixel off. Rejects with whatever sharp
 * has to say.
 */
export async function cutJpeg(source: Uint8Array | string, cut: Cut, size: number): Promise<Uint8Array> {
  const image = sharp(source, { ignoreIcc: true, failOn: 'error' })
  return toRgbSquare(cutOut(image, cut, size), size)
}

/** The same of pixels that are decoded: PNG images, whose alpha channel must be gone before colours are mixed. */
export async function cutPixels(image: DecodedImage, cut: Cut, size: number): Promise<Uint8Array> {
  const { pixels, width, height } = image
  return toRgbSquare(cutOut(sharp(pixels, { raw: { width, height, channels: 3 } }), cut, size), size)
}

function cutOut(image: Sharp, cut: Cut, size: number): Sharp {
  if (cut.kind === 'centre') {
    const { width, height, left, top } = cut
    return image
      .resize(width, height, { fit: 'fill', kernel: 'linear' })
      .extract({ left, top, width: size, height: size })
  }
  const part = image.extract(cut.crop).resize(size, size, { fit: 'fill', kernel: 'linear' })
  return cut.isMirrored ? part.flop() : part
}

async function toRgbSquare(image: Sharp, size: number): Promise<Uint8Array> {
  const { data, info } = await image.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  if (info.width !== size || info.height !== size) throw new Error(`it gave ${info.width} x ${info.height} pixels`)
  return toRgb(data, info.channels)
}

function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data
  const count = data.length / channels
  const rgb = new Uint8Array(3 * count)
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  for (let pixel = 0; pixel < count; pixel++) {
    rgb[3 * pixel] = data[channels * pixel]!
    rgb[3 * pixel + 1] = data[channels * pixel + green]!
    rgb[3 * pixel + 2] = data[channels * pixel + blue]!
  }
  return rgb
}

/** One channel of three: luma after ITU-R BT.601 in 16-bit steps, the rounding of PIL's `convert("L")`. Equal ones stay. */
export function toGray(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3)
  for (let i = 0; i < gray.length; i++)
    gray[i] = (19595 * rgb[3 * i]! + 38470 * rgb[3 * i + 1]! + 7471 * rgb[3 * i + 2]! + 0x8000) >> 16
  return gray
}

/** Whether red, green and blue are equal everywhere. */
export function isGray(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) {
    if (rgb[at] !== rgb[at + 1] || rgb[at] !== rgb[at + 2]) return false
  }
  return true
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message.trim().replaceAll('\n', ', ') : String(cause)

function corrupt(name: string, why: string, cause?: unknown): EspalierError {
  return new EspalierError(
    {
      code: 'file.corrupt',
      message: `${name} cannot be decoded: ${why}.`,
      file: name,
      rule: 'Every image decodes, to its end.',
      hint: 'Remove or replace the image.',
    },
    { cause },
  )
}
