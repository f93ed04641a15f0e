/** Which part of an image becomes a sample: a random one, or the middle of the scaled image. */
import type { Random } from './random.ts'

export interface ResizedCrop {
  /** Least and greatest share of the image that is cut out. */
  readonly area: readonly [number, number]
  /** Least and greatest width / height of what is cut out. */
  readonly aspect: readonly [number, number]
}

/** A rectangle of pixels inside an image. */
export interface Crop {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** How often a crop that does not fit is drawn again before the largest centre crop is taken. */
const TRIES = 10

/**
 * Area evenly likely, aspect ratio evenly likely on a log scale, position evenly likely among those that fit (the
 * augmentation of Szegedy et al. 2015, section 6, as training recipes for ImageNet have it).
 */
export function randomCrop(width: number, height: number, { area, aspect }: ResizedCrop, random: Random): Crop {
  const [low, high] = [Math.log(aspect[0]), Math.log(aspect[1])]
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pixels = width * height * (area[0] + (area[1] - area[0]) * random.uniform())
    const ratio = Math.exp(low + (high - low) * random.uniform())
    const [cropWidth, cropHeight] = [Math.round(Math.sqrt(pixels * ratio)), Math.round(Math.sqrt(pixels / ratio))]
    if (cropWidth < 1 || cropHeight < 1 || cropWidth > width || cropHeight > height) continue
    return {
      left: random.below(width - cropWidth + 1),
      top: random.below(height - cropHeight + 1),
      width: cropWidth,
      height: cropHeight,
    }
  }
  return centreCrop(width, height, Math.min(Math.max(width / height, aspect[0]), aspect[1]))
}

/** The largest part of width / height `aspect` in the middle of an image. */
export function centreCrop(width: number, height: number, aspect: number): Crop {
  const cropWidth = Math.max(1, Math.min(width, Math.round(height * aspect)))
  const cropHeight = Math.max(1, Math.min(height, Math.round(width / aspect)))
  return {
    left: Math.floor((width - cropWidth) / 2),
    top: Math.floor((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  }
}

/** An image scaled as a whole, and where the square begins that is cut out of it. */
export interface CentreCut {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
}

/**
 * The shorter side scaled to `resize`, then the middle square of side `size` <= `resize`. Fractions are cut off and halves
 * rounded as torchvision does it, so that samples are those that its users score checkpoints on.
 */
export function centreCut(width: number, height: number, resize: number, size: number): CentreCut {
  const [scaledWidth, scaledHeight] =
    width < height ? [resize, Math.floor((resize * height) / width)] : [Math.floor((resize * width) / height), resize]
  return {
    width: scaledWidth,
    height: scaledHeight,
    left: halfToEven(scaledWidth - size),
    top: halfToEven(scaledHeight - size),
  }
}

const halfToEven = (length: number): number => (length % 2 === 0 ? length / 2 : 2 * Math.round(length / 4))
