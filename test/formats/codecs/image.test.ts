import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { centreCut } from '../../../src/core/resized-crop.ts'
import { cutJpeg, cutPixels, decodeImage } from '../../../src/formats/codecs/image.ts'
import { readImageHeader } from '../../../src/formats/codecs/image-header.ts'
import { random } from '../fuzz.ts'

const fixtures = 'test/fixtures/datasets/resize'

/** width x height pixels; red is 10 x + y, green y, blue the sum of all. */
function ramp(width: number, height: number): Buffer {
  const pixels = Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)]
    return [(4 * x + y) % 256, (3 * y) % 256, (2 * x + 2 * y) % 256]
  })
  return Buffer.from(pixels.flat())
}
const encode = (width: number, height: number) => sharp(ramp(width, height), { raw: { width, height, channels: 3 } })

describe('the size of an image', () => {
  it.each([
    [1, 1],
    [640, 3],
    [3, 300],
  ])('%i x %i is read from the first bytes', async (width, height) => {
    const exif = { IFD0: { Copyright: 'x'.repeat(3000) } }
    for (const [format, bytes] of [
      ['png', await encode(width, height).png().toBuffer()],
      ['jpeg', await encode(width, height).jpeg().toBuffer()],
      ['jpeg', await encode(width, height).jpeg({ progressive: true }).toBuffer()],
      ['jpeg', await encode(width, height).withExif(exif).withIccProfile('p3').jpeg().toBuffer()],
    ] as const) {
      expect(readImageHeader(bytes)).toEqual({ format, width, height, channels: 3 })
    }
  })

  it('comes with the stored channels: gray and alpha too', async () => {
    const gray = encode(4, 4).toColourspace('b-w')
    const channels = await Promise.all([
      gray.clone().png().toBuffer(),
      gray.clone().jpeg().toBuffer(),
      gray.clone().ensureAlpha(0.5).png().toBuffer(),
      encode(4, 4).ensureAlpha(0.5).png().toBuffer(),
      encode(4, 4).png({ palette: true }).toBuffer(),
      encode(4, 4).toColourspace('cmyk').jpeg().toBuffer(),
    ])
    expect(channels.map(bytes => readImageHeader(bytes)?.channels)).toEqual([1, 1, 2, 4, 3, 4])
  })

  it('is null for what is no image, ends early or is damaged, and never throws', async () => {
    const jpeg = await encode(40, 30).jpeg().toBuffer()
    const png = await encode(40, 30).png().toBuffer()
    for (const bytes of [new Uint8Array(), Buffer.from('text'), jpeg.subarray(0, 30), png.subarray(0, 20)])
      expect(readImageHeader(bytes)).toBeNull()
    const next = random(1)
    for (let i = 0; i < 2000; i++) {
      const broken = Buffer.from(i % 2 ? jpeg : png).subarray(0, Math.floor(next() * 400))
      for (let change = 0; change < 4 && broken.length > 4; change++)
        broken[3 + Math.floor(next() * (broken.length - 3))] = Math.floor(next() * 256)
      expect(() => readImageHeader(broken)).not.toThrow()
    }
  })
})

describe('a square cut out of an image', () => {
  const differences = (a: Uint8Array, b: Uint8Array) => {
    expect(a.length).toBe(b.length)
    const all = a.map((value, at) => Math.abs(value - b[at]!))
    return { most: Math.max(...all), mean: all.reduce((sum, value) => sum + value, 0) / all.length }
  }

  it.each([
    ['61x43', 2, 0.4],
    ['43x57', 2, 0.4],
    ['40x40', 2, 0.4],
    // Enlarged, it lies half a pixel off.
    ['20x27', 25, 8],
  ])('is that of torchvision (%s)', async (name, most, mean) => {
    const [width, height] = name.split('x').map(Number)
    const cut = { kind: 'centre', ...centreCut(width!, height!, 32, 28) } as const
    const expected = await readFile(`${fixtures}/${name}.rgb`)
    const fromPath = await cutJpeg(`${fixtures}/${name}.jpg`, cut, 28)
    const found = differences(fromPath, expected)
    expect(found.most).toBeLessThanOrEqual(most)
    expect(found.mean).toBeLessThan(mean)
    const bytes = await readFile(`${fixtures}/${name}.jpg`)
    expect(await cutJpeg(bytes, cut, 28)).toEqual(fromPath)
    expect(await cutPixels(await decodeImage(bytes, name), cut, 28)).toEqual(fromPath)
  })

  it('is the part that is asked for, as it is where nothing is scaled, and mirrored', async () => {
    const image = await decodeImage(await encode(50, 40).png().toBuffer(), 'made')
    const crop = { left: 7, top: 11, width: 20, height: 20 }
    const plain = await cutPixels(image, { kind: 'part', crop, isMirrored: false }, 20)
    const mirrored = await cutPixels(image, { kind: 'part', crop, isMirrored: true }, 20)
    const all = ramp(50, 40)
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 20; x++) {
        const from = 3 * ((y + 11) * 50 + x + 7)
        const expected = [...all.subarray(from, from + 3)]
        expect([...plain.subarray(3 * (20 * y + x), 3 * (20 * y + x) + 3)]).toEqual(expected)
        expect([...mirrored.subarray(3 * (20 * y + 19 - x), 3 * (20 * y + 19 - x) + 3)]).toEqual(expected)
      }
    }
  })
})

describe('a damaged image', () => {
  it('that decodes to its end, as other loaders have it, is told and used', async () => {
    const jpeg = await sharp(
      Buffer.alloc(12_000, 7).map((_, at) => (at * 7919) & 255),
      {
        raw: { width: 80, height: 50, channels: 3 },
      },
    )
      .jpeg()
      .toBuffer()
    const scan = jpeg.indexOf(Buffer.of(0xff, 0xda))
    const odd = Buffer.concat([jpeg.subarray(0, scan), Buffer.of(1, 2, 3), jpeg.subarray(scan)])
    const sound = await decodeImage(jpeg, 'sound')
    const { warning, ...image } = await decodeImage(odd, 'odd')
    expect(warning).toMatch(/3 extraneous bytes/)
    expect(image).toEqual(sound)
    expect(sound.warning).toBeUndefined()
  })
})
