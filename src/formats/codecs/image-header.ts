/** Size and channels of PNG and JPEG images from their first bytes. */

export interface ImageHeader {
  readonly format: 'png' | 'jpeg'
  readonly width: number
  readonly height: number
  /** Stored ones: 1 gray, 2 gray and alpha, 3 colour (a palette too), 4 colour and alpha, or CMYK. */
  readonly channels: number
}

/** By colour type (PNG specification, table 11.1). */
const pngChannels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 }

export const isPng = (bytes: Uint8Array): boolean => bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e
export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff

/** null where `bytes` is neither, or ends before its size is said. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isPng(bytes)) {
    if (bytes.length < 26) return null
    const channels = pngChannels[view.getUint8(25)] ?? 3
    return { format: 'png', width: view.getUint32(16), height: view.getUint32(20), channels }
  }
  return isJpeg(bytes) ? jpegHeader(view) : null
}

/** Goes from segment to segment (ITU T.81, annex B): marker, length, content; the frame header has the size. */
function jpegHeader(view: DataView): ImageHeader | null {
  for (let at = 2; at + 10 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null
    const marker = view.getUint8(at + 1)
    // Fill bytes before a marker.
    if (marker === 0xff) {
      at++
      continue
    }
    // SOF0 to SOF15 but DHT, JPG and DAC.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      return { format: 'jpeg', width, height, channels: view.getUint8(at + 9) }
    }
    at += 2 + view.getUint16(at + 2)
  }
  return null
}
