/** How a command ends when something is wrong: one sentence, or one JSON object, and an exit status. */
import { CommanderError } from 'commander'
import { type ErrorData, type ErrorKind, errorKinds, toErrorData } from '../shared/errors.ts'
import { jsonLine, printable } from './format.ts'
import type { Terminal } from './terminal.ts'

export const exitStatuses: Readonly<Record<ErrorKind, number>> = { input: 2, failure: 1, interrupted: 130 }

export const statusOf = ({ code }: Pick<ErrorData, 'code'>): number => exitStatuses[errorKinds[code]]

/** Writes the error to standard error and returns the exit status. */
export function report(thrown: unknown, terminal: Terminal, asJson: boolean): number {
  const error = thrown instanceof CommanderError ? fromCommander(thrown) : toErrorData(thrown)
  terminal.err(asJson ? jsonLine({ error }) : `${oneLine(error)}\n`)
  return statusOf(error)
}

/** The sentence, and what to do about it. */
export const oneLine = ({ message, hint }: { message: string; hint?: string | undefined }): string =>
  printable(
    [message, hint]
      .filter(Boolean)
      .join(' ')
      .replaceAll(/\s*\n\s*/g, ' '),
  )

/** Commander says `error: unknown option '--jsn'`, and a suggestion on a line of its own. */
function fromCommander({ message }: CommanderError): ErrorData {
  const text = message.replace(/^error: /, '').replaceAll('\n', ' ')
  const hint = /\(Did you mean .*\?\)/.exec(text)?.[0]
  const sentence = (hint ? text.replace(hint, '') : text).trim().replace(/\.?$/, '.')
  return {
    code: 'argument.invalid',
    message: sentence.charAt(0).toUpperCase() + sentence.slice(1),
    hint: hint?.slice(1, -1) ?? 'Add --help to see what there is.',
  }
}
