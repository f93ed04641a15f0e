/** Cuts what a process writes into lines. */
import { StringDecoder } from 'node:string_decoder'

/** A line that does not end, such as a progress bar, is passed on in pieces of this many characters. */
const longest = 1 << 16

export interface LineSplitter {
  push(chunk: Buffer): void
  /** What stands behind the last line break. */
  flush(): void
}

export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return {
    push(chunk) {
      const lines = (rest + decoder.write(chunk)).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) onLine(line)
      while (rest.length > longest) {
        onLine(rest.slice(0, longest))
        rest = rest.slice(longest)
      }
    },
    flush() {
      rest += decoder.end()
      if (rest) onLine(rest.replace(/\r$/, ''))
      rest = ''
    },
  }
}
