/** The relative path of an uploaded file, as a browser sends it and as it may stand in a folder of ours. */
import { HttpError } from './answers.ts'

const longestPath = 2000
const longestSegment = 255

/** Decodes and checks the part of the address after `/upload/ID/`. Each segment was encoded by itself. */
export function parseUploadPath(encoded: string): string[] {
  if (encoded.length > 3 * longestPath) throw refusal('is too long')
  const segments = encoded.split('/').map(segment => {
    try {
      return decodeURIComponent(segment)
    } catch {
      throw refusal('is not encoded properly')
    }
  })
  if (Buffer.byteLength(segments.join('/')) > longestPath) throw refusal('is too long')
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') throw refusal(`has the segment "${segment}"`)
    if (Buffer.byteLength(segment) > longestSegment) throw refusal(`has a segment of more than ${longestSegment} bytes`)
    // A colon names a drive or a stream, and a backslash is a separator, on Windows.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[/\\:\x00-\x1f\x7f]/.test(segment))
      throw refusal(`has a character that may not stand in "${printable(segment)}"`)
  }
  return segments
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const printable = (text: string) => text.replace(/[\x00-\x1f\x7f]/g, '?').slice(0, 100)

const refusal = (what: string) =>
  new HttpError(400, {
    code: 'argument.invalid',
    message: `The path of the uploaded file ${what}.`,
    rule: 'A path is made of plain names and leads into the upload only.',
  })
