/** Gzip as a stream, with the guards of the zip codec. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { EspalierError } from '../../shared/errors.ts'
import { fileFault } from '../file-faults.ts'
import { defaultZipLimits, type ZipLimits } from './zip-rules.ts'

export type GunzipLimits = Pick<ZipLimits, 'maxTotalSize' | 'maxRatio' | 'ratioFloor'>

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

/** The file's bytes, unpacked, in pieces. Throws `file.missing`, `file.truncated`, `file.corrupt`, `archive.bomb`. */
export async function* gunzipFile(path: string, limits?: GunzipLimits): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = await stat(path).catch(cause => Promise.reject(fileFault(path, cause)))
  yield* gunzip(createReadStream(path, { highWaterMark: 256 * 1024 }), path, size, limits)
}

/** The same of pieces that come from somewhere else; `packedSize` is their sum, `name` is for messages. */
export async function* gunzip(
  packed: AsyncIterable<Uint8Array>,
  name: string,
  packedSize: number,
  limits: GunzipLimits = defaultZipLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  try {
    // The consumer sees a fault as a throw of its iteration, so the callback has nothing to do.
    for await (const piece of pipeline(Readable.from(packed), createGunzip({ chunkSize: 256 * 1024 }), () => {})) {
      size += piece.length
      if (size > limits.maxTotalSize || (size > limits.ratioFloor && size > packedSize * limits.maxRatio)) {
        throw bomb(name, packedSize, limits)
      }
      yield piece
    }
  } catch (cause) {
    throw unpackFault(name, cause)
  }
}

function bomb(name: string, packedSize: number, { maxRatio, maxTotalSize }: GunzipLimits): EspalierError {
  return new EspalierError({
    code: 'archive.bomb',
    message: `${name} is refused as a gzip bomb: its ${packedSize} bytes unpack to much more than they should.`,
    file: name,
    rule: `Gzip data may grow at most ${maxRatio} times and to ${maxTotalSize} bytes.`,
    hint: 'If you trust the file, unpack it yourself and open what it holds.',
  })
}

function unpackFault(name: string, cause: unknown): EspalierError {
  const { code } = cause as NodeJS.ErrnoException
  if (cause instanceof EspalierError || !code?.startsWith('Z_')) return fileFault(name, cause)
  const isShort = code === 'Z_BUF_ERROR'
  return new EspalierError(
    {
      code: isShort ? 'file.truncated' : 'file.corrupt',
      message: `${name} is ${isShort ? 'cut short' : 'damaged'}: the gzip data ${isShort ? 'ends too early' : 'is not valid'}.`,
      file: name,
      hint: 'Copy or download the file again.',
    },
    { cause },
  )
}
