/** Gzip as a stream, with the guards of the zip codec. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { EspalierError } from '../../shared/errors.ts'
import { cutShort, damaged, fileFault } from '../file-faults.ts'
import { defaultZipLimits } from './zip-rules.ts'

const { maxEntries, maxEntrySize, maxTotalSize, maxRatio, ratioFloor } = defaultZipLimits

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

/** The file's bytes, unpacked, in pieces. Throws `file.missing`, `file.truncated`, `file.corrupt`, `archive.bomb`. */
export async function* gunzipFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = await stat(path).catch(cause => Promise.reject(fileFault(path, cause)))
  yield* gunzip(createReadStream(path, { highWaterMark: 256 * 1024 }), path, size)
}

/** The same of pieces that come from somewhere else; `packedSize` is their sum, `name` is for messages. */
export async function* gunzip(
  packed: AsyncIterable<Uint8Array>,
  name: string,
  packedSize: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  try {
    // The consumer sees a fault as a throw of its iteration, so the callback has nothing to do.
    for await (const piece of pipeline(Readable.from(packed), createGunzip({ chunkSize: 256 * 1024 }), () => {})) {
      size += piece.length
      if (size > maxTotalSize || (size > ratioFloor && size > packedSize * maxRatio)) {
        throw unpackBomb(name, `its ${packedSize} bytes unpack to more than ${size - piece.length}`)
      }
      yield piece
    }
  } catch (cause) {
    throw unpackFault(name, cause)
  }
}

/** For gzip and tar what the zip codec has for zip. */
export function unpackBomb(name: string, why: string): EspalierError {
  return new EspalierError({
    code: 'archive.bomb',
    message: `${name} is refused as an archive bomb: ${why}.`,
    file: name,
    rule: `An archive has at most ${maxEntries} entries of ${maxEntrySize} bytes and grows at most ${maxRatio} times.`,
    hint: 'If you trust the file, unpack it yourself and open what it holds.',
  })
}

function unpackFault(name: string, cause: unknown): EspalierError {
  const { code } = cause as NodeJS.ErrnoException
  if (cause instanceof EspalierError || !code?.startsWith('Z_')) return fileFault(name, cause)
  return code === 'Z_BUF_ERROR'
    ? cutShort(name, 'its gzip data ends too early')
    : damaged(name, 'it is not valid gzip data')
}
