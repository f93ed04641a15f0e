/** The stack, marks and memo of a pickle that is being read, and the two doors to anything but data: `global`, `call`. */
import { EspalierError } from '../../shared/errors.ts'
import type { ByteSource } from '../byte-source.ts'
import { PickleInput } from './pickle-input.ts'
import {
  invalidPickle,
  isGlobal,
  type PickleGlobal,
  type PickleGlobals,
  type PicklePlace,
  type PickleValue,
  textOf,
} from './pickle-values.ts'

export interface PickleOptions {
  readonly globals: PickleGlobals
  /** Resolves a persistent id (how PyTorch names a storage). Absent = refused. */
  readonly persistent?: (id: PickleValue, at: PicklePlace) => PickleValue
  /** What to do instead, where a global is refused. */
  readonly hint?: string
}

/** MARKs open at once. Python itself cannot write data nested deeper than about a thousand. */
const MAX_MARKS = 2000

export class PickleMachine implements PicklePlace {
  readonly path: string
  readonly input: PickleInput
  /** Where the operation that is running starts. */
  offset = 0
  isStopped = false
  readonly #options: PickleOptions
  readonly #memo = new Map<number, PickleValue>()
  readonly #marks: PickleValue[][] = []
  #stack: PickleValue[] = []

  constructor(source: ByteSource, start: number, options: PickleOptions) {
    this.path = source.path
    this.input = new PickleInput(source, start)
    this.#options = options
  }

  stop(): void {
    this.isStopped = true
  }

  push(value: PickleValue): void {
    this.#stack.push(value)
  }

  pop(): PickleValue {
    const value = this.#stack.pop()
    if (value === undefined) throw this.invalid('takes a value from an empty stack')
    return value
  }

  top(): PickleValue {
    const value = this.#stack.at(-1)
    if (value === undefined) throw this.invalid('looks at an empty stack')
    return value
  }

  mark(): void {
    if (this.#marks.length >= MAX_MARKS) throw this.invalid(`nested deeper than ${MAX_MARKS}`)
    this.#marks.push(this.#stack)
    this.#stack = []
  }

  /** The values since the last MARK, which goes with them. */
  popMark(): PickleValue[] {
    const values = this.#stack
    const below = this.#marks.pop()
    if (!below) throw this.invalid('closes a group that was not opened')
    this.#stack = below
    return values
  }

  /** Keeps the top of the stack under `index`, or under the next free one. */
  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.invalid(`recalls value ${index}, which was not kept`)
    return value
  }

  global(module: PickleValue, name: PickleValue): PickleGlobal {
    const full = `${textOf(module) ?? '?'}.${textOf(name) ?? '?'}`
    const found = this.#options.globals.get(full)
    if (!found) throw this.forbidden(`it names ${JSON.stringify(full.slice(0, 200)).slice(1, -1)}`)
    return found
  }

  call(callable: PickleValue, args: PickleValue): PickleValue {
    if (!isGlobal(callable) || !callable.call) {
      throw this.forbidden(`it calls ${isGlobal(callable) ? callable.name : 'a value that is no function'}`)
    }
    if (!Array.isArray(args)) throw this.invalid('the arguments of a call are not a tuple')
    return callable.call(args, this)
  }

  persistent(id: PickleValue): PickleValue {
    if (!this.#options.persistent) throw this.forbidden('it refers to an object outside the file')
    return this.#options.persistent(id, this)
  }

  invalid(why: string): EspalierError {
    return invalidPickle(this, why)
  }

  forbidden(why: string): EspalierError {
    return new EspalierError({
      code: 'pickle.forbidden',
      message: `${this.path} is refused: ${why} at byte ${this.offset}, which is not on the list of what may be read. Nothing was run.`,
      file: this.path,
      rule: 'A pickle may name only the data types of a list; functions that a file names are never run.',
      ...(this.#options.hint && { hint: this.#options.hint }),
    })
  }
}
