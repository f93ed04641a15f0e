/** What the end of an engine process that said nothing means, as far as it can be told. */
import { constants } from 'node:os'
import type { ErrorData } from '../shared/errors.ts'
import type { EngineExit } from './host.ts'

const outOfMemory = 'The system may have run out of memory: try a smaller batch, or close other programs.'
const report = 'If it happens again, please report it with the log of the run.'

/** Signals by number, as shells give them in an exit status above 128. Of two names for one number the first is the usual. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number as number, name]),
)

export function diedError({ code, signal, reason }: EngineExit): ErrorData {
  const name = signal ?? (code !== null && code > 128 ? signalNames.get(code - 128) : undefined)
  const how = name
    ? `was ended by the signal ${name}`
    : code === null
      ? 'could not be started'
      : `ended by itself with exit status ${code}`
  return {
    code: 'run.died',
    message: `The process of the run ${how}${reason ? `: ${reason}` : ''}.`,
    rule: 'A run ends with a result, an error of its own, or when it is stopped.',
    hint: name === 'SIGKILL' || name === 'SIGABRT' ? outOfMemory : report,
  }
}
