/** The bytes of a pickle, read forward in windows, so that a pickle in front of a gigabyte of weights costs little. */
import type { ByteSource } from '../byte-source.ts'
import { invalidPickle } from './pickle-values.ts'

const WINDOW = 64 * 1024
/** Longest line of the text operations of protocol 0. */
const MAX_LINE = 2 ** 20

const utf8 = new TextDecoder()

export class PickleInput {
  readonly #source: ByteSource
  #window: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#window.buffer)
  /** Where the window starts in the source, and where in the window the next byte is. */
  #start: number
  #cursor = 0

  constructor(source: ByteSource, start: number) {
    this.#source = source
    this.#start = start
  }

  get position(): number {
    return this.#start + this.#cursor
  }

  u8(): number {
    const at = this.#advance(1)
    return this.#view.getUint8(at)
  }

  u16(): number {
    const at = this.#advance(2)
    return this.#view.getUint16(at, true)
  }

  u32(): number {
    const at = this.#advance(4)
    return this.#view.getUint32(at, true)
  }

  i32(): number {
    const at = this.#advance(4)
    return this.#view.getInt32(at, true)
  }

  /** As a number: lengths beyond 2^53 are beyond every file, so their rounding does not matter. */
  u64(): number {
    const at = this.#advance(8)
    return Number(this.#view.getBigUint64(at, true))
  }

  /** The one big-endian value of the format. */
  f64(): number {
    const at = this.#advance(8)
    return this.#view.getFloat64(at, false)
  }

  /** A view, not a copy, where the bytes are in memory already. */
  bytes(length: number): Uint8Array {
    if (length <= WINDOW) {
      const from = this.#advance(length)
      return this.#window.subarray(from, from + length)
    }
    const bytes = this.#source.read(this.position, length, 'a value of the pickle')
    this.#load(this.position + length, 0)
    return bytes
  }

  utf8(length: number): string {
    return utf8.decode(this.bytes(length))
  }

  /** Latin-1 up to the next line feed, which is taken too. */
  line(): string {
    const offset = this.position
    let text = ''
    for (let byte = this.u8(); byte !== 0x0a; byte = this.u8()) {
      text += String.fromCharCode(byte)
      if (text.length > MAX_LINE) throw invalidPickle({ path: this.#source.path, offset }, 'a line does not end')
    }
    return text
  }

  /** Makes `length` bytes from the cursor lie in the window; returns where, and moves the cursor behind them. */
  #advance(length: number): number {
    if (this.#cursor + length > this.#window.length) {
      const rest = this.#source.size - this.position
      this.#load(this.position, Math.max(length, Math.min(WINDOW, rest)))
    }
    this.#cursor += length
    return this.#cursor - length
  }

  #load(start: number, size: number): void {
    this.#window = this.#source.read(start, size, 'the pickle')
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, size)
    this.#start = start
    this.#cursor = 0
  }
}
