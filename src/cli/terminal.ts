/** Where a command writes: results to `out`, everything else to `err`. */
import { styleText } from 'node:util'

export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Whether a person watches what goes to `err`, so that a line may be drawn over. */
  readonly isWatched: boolean
  /** Columns of that person's terminal. */
  readonly columns: number
  /** A heading, where the terminal can show one (NO_COLOR, pipes). */
  bold(text: string): string
}

export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  return {
    out: text => void stdout.write(text),
    err: text => void stderr.write(text),
    isWatched: stderr.isTTY === true,
    // A terminal that does not know its size says 0.
    columns: stderr.columns || 80,
    bold: text => styleText('bold', text, { stream: stdout }),
  }
}
