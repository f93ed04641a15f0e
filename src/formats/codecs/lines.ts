/** Lines of text files, whatever ends them. */
import { damaged } from '../file-faults.ts'

/** Longer lines are no text. */
const MAX_LINE = 2 ** 24

/**
 * Lines without their ends, many at a time; a byte order mark and an empty last line are left out.
 * Throws `file.corrupt` where a line does not end; `name` is for the message.
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<readonly string[], void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    // The end may lie between \r and \n, so \r is taken off when the line is whole.
    const some = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = some.pop()!
    if (rest.length > MAX_LINE) throw damaged(name, `it has a line of more than ${MAX_LINE} characters`)
    if (some.length > 0) yield some.map(withoutReturn)
  }
  rest += decoder.decode()
  if (rest !== '') yield [withoutReturn(rest)]
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)
