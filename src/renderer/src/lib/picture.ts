import type { Picture } from '../../../shared/domain.ts'

/** Opaque RGBA of a stored picture; one channel is gray. Pixels that are missing stay black. */
export function toRgba({ width, height, channels, pixels }: Picture): Uint8ClampedArray<ArrayBuffer> {
  const stored = Uint8Array.from(atob(pixels), character => character.charCodeAt(0))
  const rgba = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgba[pixel * 4 + channel] = stored[pixel * channels + (channels === 3 ? channel : 0)] ?? 0
    }
    rgba[pixel * 4 + 3] = 255
  }
  return rgba
}
