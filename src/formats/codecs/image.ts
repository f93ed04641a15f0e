/** PNG and JPEG to RGB pixels, by sharp (libvips). */
import sharp from 'sharp'
import { EspalierError } from '../../shared/errors.ts'
import { looksLike } from '../file-faults.ts'

export interface DecodedImage {
  readonly width: number
  readonly height: number
  /** height x width x 3; gray images have three equal channels. */
  readonly pixels: Uint8Array
  /** There was an alpha channel; it is left out, colours stay as they are stored. */
  readonly hadAlpha: boolean
  /** There were 16 bits a channel; the upper 8 are kept. */
  readonly was16Bit: boolean
}

const isPng = (bytes: Uint8Array): boolean => bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e
const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff

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
    const image = sharp(bytes, { ignoreIcc: true, failOn: 'warning' }).toColourspace('srgb').raw({ depth: 'uchar' })
    const { data, info } = await image.toBuffer({ resolveWithObject: true })
    const { width, height, channels } = info
    return {
      width,
      height,
      pixels: toRgb(data, channels),
      hadAlpha: channels === 2 || channels === 4,
      was16Bit: isPng(bytes) && bytes[24] === 16,
    }
  } catch (cause) {
    throw corrupt(name, cause instanceof Error ? cause.message.trim().replaceAll('\n', ', ') : String(cause), cause)
  }
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

/** Whether red, green and blue are equal everywhere. */
export function isGray(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) {
    if (rgb[at] !== rgb[at + 1] || rgb[at] !== rgb[at + 2]) return false
  }
  return true
}

function corrupt(name: string, why: string, cause?: unknown): EspalierError {
  return new EspalierError(
    {
      code: 'file.corrupt',
      message: `${name} cannot be decoded: ${why}.`,
      file: name,
      rule: 'Every image decodes without a warning.',
      hint: 'Remove or replace the image.',
    },
    { cause },
  )
}
