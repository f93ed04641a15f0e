/** What a pickle can hold once read, and the words for one that cannot be read. */
import { EspalierError } from '../../shared/errors.ts'

/**
 * Python values: int is number, or bigint where a number could not hold it; bytes and Python 2 `str` are Uint8Array;
 * list and tuple are arrays; dict is Map, whose `bytes` keys become Latin-1 strings. Everything else is built by a global.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | PickleGlobal
  | PickleObject

/** What a builder made. */
export interface PickleObject {
  readonly kind: string
  /** What `__setstate__` is in Python; a state for an object without it is dropped. */
  setState?(state: PickleValue, at: PicklePlace): void
}

/** An allowed name. Without `call` it may be named, but not called. */
export interface PickleGlobal {
  readonly kind: 'global'
  /** `module.name` */
  readonly name: string
  readonly call?: (args: readonly PickleValue[], at: PicklePlace) => PickleValue
}

/** By `module.name`. */
export type PickleGlobals = ReadonlyMap<string, PickleGlobal>

/** For the errors of builders: which file, and the byte offset of the operation. */
export interface PicklePlace {
  readonly path: string
  readonly offset: number
}

export function pickleGlobal(name: string, call?: PickleGlobal['call']): readonly [string, PickleGlobal] {
  return [name, call ? { kind: 'global', name, call } : { kind: 'global', name }]
}

export function invalidPickle({ path, offset }: PicklePlace, why: string): EspalierError {
  return new EspalierError({
    code: 'pickle.invalid',
    message: `${path} is not a valid pickle: ${why}, at byte ${offset}.`,
    file: path,
    hint: 'The file may be damaged; copy or download it again.',
  })
}

export const isGlobal = (value: PickleValue | undefined): value is PickleGlobal =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'global'

export const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Sizes and strides: undefined unless all are whole numbers from 0 up. */
export const countsOf = (value: PickleValue | undefined): number[] | undefined =>
  Array.isArray(value) && value.every(isCount) ? value : undefined

export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

/** Latin-1 for bytes: what a Python 2 `str` is when it holds text. Undefined where `value` is neither. */
export function textOf(value: PickleValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? latin1(value) : undefined
}
