/**
 * A reader of Python pickles, protocols 0 to 5, that runs nothing. A pickle is a program for a small stack machine;
 * this machine knows data, and the globals of a table that the caller gives: names and builders of ours for them. Any
 * other global is refused where it is named, before it could be called. (The npm package `pickleparser` was weighed:
 * it assigns pickled keys to plain objects, decodes Latin-1 as Windows-1252, and has no limits and no offsets.)
 */
import type { ByteSource } from '../byte-source.ts'
import { PickleMachine, type PickleOptions } from './pickle-machine.ts'
import { operations } from './pickle-opcodes.ts'
import type { PickleValue } from './pickle-values.ts'

/** Bounds memory: an operation keeps one value at most, on the stack, in the memo or in a container. */
const MAX_OPERATIONS = 4_000_000

export interface PickleResult {
  readonly value: PickleValue
  /** The position behind the pickle's STOP; the old torch.save layout has five pickles in a row. */
  readonly end: number
}

/** Reads one pickle from `start`. Throws `file.truncated`, `pickle.invalid`, `pickle.forbidden`, each with the offset. */
export function readPickle(source: ByteSource, start: number, options: PickleOptions): PickleResult {
  const machine = new PickleMachine(source, start, options)
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    machine.offset = machine.input.position
    const code = machine.input.u8()
    const operation = operations.get(code)
    if (!operation) throw machine.invalid(`unknown operation 0x${code.toString(16).padStart(2, '0')}`)
    operation(machine)
    if (machine.isStopped) return { value: machine.pop(), end: machine.input.position }
  }
  throw machine.invalid(`more than ${MAX_OPERATIONS} operations`)
}
