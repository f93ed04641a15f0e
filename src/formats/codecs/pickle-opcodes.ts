/** The operations of a pickle, one line each. Names and meaning: Lib/pickletools.py of CPython. */
import type { PickleMachine } from './pickle-machine.ts'
import { latin1, type PickleValue, textOf } from './pickle-values.ts'

type Operation = (m: PickleMachine) => void

/** Longest `int`, bytes. */
const MAX_INT_BYTES = 1024

const table: readonly (readonly [code: string | number, name: string, run: Operation])[] = [
  // the frame of a pickle
  [0x80, 'PROTO', m => checkProtocol(m, m.input.u8())],
  [0x95, 'FRAME', m => void m.input.u64()],
  ['.', 'STOP', m => m.stop()],

  // the stack
  ['(', 'MARK', m => m.mark()],
  ['0', 'POP', m => void m.pop()],
  ['1', 'POP_MARK', m => void m.popMark()],
  ['2', 'DUP', m => m.push(m.top())],

  // the memo
  ['p', 'PUT', m => m.remember(index(m))],
  ['q', 'BINPUT', m => m.remember(m.input.u8())],
  ['r', 'LONG_BINPUT', m => m.remember(m.input.u32())],
  [0x94, 'MEMOIZE', m => m.remember()],
  ['g', 'GET', m => m.push(m.recall(index(m)))],
  ['h', 'BINGET', m => m.push(m.recall(m.input.u8()))],
  ['j', 'LONG_BINGET', m => m.push(m.recall(m.input.u32()))],

  // numbers
  ['N', 'NONE', m => m.push(null)],
  [0x88, 'NEWTRUE', m => m.push(true)],
  [0x89, 'NEWFALSE', m => m.push(false)],
  ['I', 'INT', m => m.push(intOrBool(m))],
  ['L', 'LONG', m => m.push(decimal(m, m.input.line().replace(/L$/, '')))],
  ['J', 'BININT', m => m.push(m.input.i32())],
  ['K', 'BININT1', m => m.push(m.input.u8())],
  ['M', 'BININT2', m => m.push(m.input.u16())],
  [0x8a, 'LONG1', m => m.push(twosComplement(m, m.input.u8()))],
  [0x8b, 'LONG4', m => m.push(twosComplement(m, m.input.u32()))],
  ['F', 'FLOAT', m => m.push(float(m))],
  ['G', 'BINFLOAT', m => m.push(m.input.f64())],

  // text and bytes; STRING and its kin are the `str` of Python 2, which is bytes
  ['S', 'STRING', m => m.push(quotedBytes(m))],
  ['T', 'BINSTRING', m => m.push(m.input.bytes(m.input.u32()))],
  ['U', 'SHORT_BINSTRING', m => m.push(m.input.bytes(m.input.u8()))],
  ['B', 'BINBYTES', m => m.push(m.input.bytes(m.input.u32()))],
  ['C', 'SHORT_BINBYTES', m => m.push(m.input.bytes(m.input.u8()))],
  [0x8e, 'BINBYTES8', m => m.push(m.input.bytes(m.input.u64()))],
  [0x96, 'BYTEARRAY8', m => m.push(m.input.bytes(m.input.u64()))],
  ['V', 'UNICODE', m => m.push(rawUnicode(m.input.line()))],
  ['X', 'BINUNICODE', m => m.push(m.input.utf8(m.input.u32()))],
  [0x8c, 'SHORT_BINUNICODE', m => m.push(m.input.utf8(m.input.u8()))],
  [0x8d, 'BINUNICODE8', m => m.push(m.input.utf8(m.input.u64()))],

  // tuples and lists
  [')', 'EMPTY_TUPLE', m => m.push([])],
  ['t', 'TUPLE', m => m.push(m.popMark())],
  [0x85, 'TUPLE1', m => m.push(popLast(m, 1))],
  [0x86, 'TUPLE2', m => m.push(popLast(m, 2))],
  [0x87, 'TUPLE3', m => m.push(popLast(m, 3))],
  [']', 'EMPTY_LIST', m => m.push([])],
  ['l', 'LIST', m => m.push(m.popMark())],
  ['a', 'APPEND', m => append(m, popLast(m, 1))],
  ['e', 'APPENDS', m => append(m, m.popMark())],

  // dicts and sets
  ['}', 'EMPTY_DICT', m => m.push(new Map())],
  ['d', 'DICT', m => setItems(m, m.popMark(), new Map())],
  ['s', 'SETITEM', m => setItems(m, popLast(m, 2))],
  ['u', 'SETITEMS', m => setItems(m, m.popMark())],
  [0x8f, 'EMPTY_SET', m => m.push(new Set())],
  [0x90, 'ADDITEMS', m => addItems(m, m.popMark())],
  [0x91, 'FROZENSET', m => m.push(new Set(m.popMark()))],

  // globals, and what is built with them
  ['c', 'GLOBAL', m => m.push(m.global(m.input.line(), m.input.line()))],
  [0x93, 'STACK_GLOBAL', m => stackGlobal(m, popLast(m, 2))],
  ['R', 'REDUCE', m => reduce(m, popLast(m, 2))],
  [0x81, 'NEWOBJ', m => reduce(m, popLast(m, 2))],
  [0x92, 'NEWOBJ_EX', m => newObjectWithKeywords(m, popLast(m, 3))],
  ['i', 'INST', m => m.push(m.call(m.global(m.input.line(), m.input.line()), m.popMark()))],
  ['o', 'OBJ', m => object(m, m.popMark())],
  ['b', 'BUILD', m => setState(m, m.pop())],
  ['P', 'PERSID', m => m.push(m.persistent(m.input.line()))],
  ['Q', 'BINPERSID', m => m.push(m.persistent(m.pop()))],
  [0x82, 'EXT1', m => extension(m, m.input.u8())],
  [0x83, 'EXT2', m => extension(m, m.input.u16())],
  [0x84, 'EXT4', m => extension(m, m.input.u32())],
]

/** By opcode. Out-of-band buffers (NEXT_BUFFER, READONLY_BUFFER) are left out: a file alone cannot carry them. */
export const operations: ReadonlyMap<number, Operation> = new Map(
  table.map(([code, , run]) => [typeof code === 'string' ? code.charCodeAt(0) : code, run]),
)

function checkProtocol(m: PickleMachine, protocol: number): void {
  if (protocol > 5) throw m.invalid(`protocol ${protocol} is newer than 5`)
}

function index(m: PickleMachine): number {
  const line = m.input.line()
  if (!/^\d{1,10}$/.test(line)) throw m.invalid('a memo index is not a number')
  return Number(line)
}

/** INT writes True and False as `01` and `00`. */
function intOrBool(m: PickleMachine): PickleValue {
  const line = m.input.line()
  return line === '01' ? true : line === '00' ? false : decimal(m, line)
}

function decimal(m: PickleMachine, line: string): number | bigint {
  if (!/^\s*[+-]?\d+\s*$/.test(line) || line.length > 2 * MAX_INT_BYTES) throw m.invalid('an int is not a number')
  return narrow(BigInt(line.trim().replace(/^\+/, '')))
}

function twosComplement(m: PickleMachine, length: number): number | bigint {
  if (length > MAX_INT_BYTES) throw m.invalid(`an int of ${length} bytes`)
  if (length === 0) return 0
  const bytes = m.input.bytes(length)
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0'))
  return narrow(BigInt.asIntN(8 * length, BigInt(`0x${hex.reverse().join('')}`)))
}

const narrow = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const floatWords = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
])

function float(m: PickleMachine): number {
  const line = m.input.line().trim()
  const value = floatWords.get(line) ?? Number(line)
  if (line === '' || (Number.isNaN(value) && line !== 'nan')) throw m.invalid('a float is not a number')
  return value
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' }

/** STRING holds what Python's `repr` wrote. */
function quotedBytes(m: PickleMachine): Uint8Array {
  const quoted = /^(['"])(.*)\1$/s.exec(m.input.line().trim())
  if (!quoted) throw m.invalid('a string without its quotes')
  const text = quoted[2]!.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (whole, hex: string | undefined, sign: string) =>
    hex === undefined ? (escapes[sign] ?? whole) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** UNICODE is Python's raw-unicode-escape: Latin-1, and `\u` or `\U` for the rest. */
function rawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})/g, (_, short, long) =>
    String.fromCodePoint(Number.parseInt(short ?? long, 16)),
  )
}

function popLast(m: PickleMachine, count: number): PickleValue[] {
  const values: PickleValue[] = []
  for (let i = 0; i < count; i++) values.push(m.pop())
  return values.reverse()
}

function append(m: PickleMachine, values: readonly PickleValue[]): void {
  const list = m.top()
  if (!Array.isArray(list)) throw m.invalid('appends to a value that is no list')
  for (const value of values) list.push(value)
}

function setItems(m: PickleMachine, items: readonly PickleValue[], created?: Map<PickleValue, PickleValue>): void {
  if (created) m.push(created)
  const dict = m.top()
  if (!(dict instanceof Map)) throw m.invalid('sets an item of a value that is no dict')
  if (items.length % 2 !== 0) throw m.invalid('a key without a value')
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i]!
    dict.set(key instanceof Uint8Array ? latin1(key) : key, items[i + 1]!)
  }
}

function addItems(m: PickleMachine, items: readonly PickleValue[]): void {
  const set = m.top()
  if (!(set instanceof Set)) throw m.invalid('adds to a value that is no set')
  for (const item of items) set.add(item)
}

function stackGlobal(m: PickleMachine, [module, name]: readonly PickleValue[]): void {
  if (textOf(module) === undefined || textOf(name) === undefined) throw m.invalid('a global without a name')
  m.push(m.global(module!, name!))
}

function reduce(m: PickleMachine, [callable, args]: readonly PickleValue[]): void {
  m.push(m.call(callable!, args!))
}

function newObjectWithKeywords(m: PickleMachine, [type, args, keywords]: readonly PickleValue[]): void {
  if (!(keywords instanceof Map) || keywords.size > 0) throw m.forbidden('it calls a type with keyword arguments')
  m.push(m.call(type!, args!))
}

function object(m: PickleMachine, [type, ...args]: readonly PickleValue[]): void {
  if (type === undefined) throw m.invalid('an object without a type')
  m.push(m.call(type, args))
}

/** Attributes set on an object of ours; those of a dict (the `_metadata` of a PyTorch state dict) are dropped. */
function setState(m: PickleMachine, state: PickleValue): void {
  const target = m.top()
  if (typeof target === 'object' && target !== null && 'setState' in target) target.setState?.(state, m)
}

function extension(m: PickleMachine, code: number): never {
  throw m.forbidden(`it names the registered extension ${code}`)
}
