/**
 * What goes between a client and its server, as the bytes that would go over a wire: traffic is counted in these, headers
 * included, and a model is aggregated from what they decode to. Each tensor takes the smallest form (five-systems,
 * section 4c: every value; a bit for each and 4 bytes for those carried; 8 bytes for each carried one).
 *
 * Both sides know the layout, so names are not sent. All numbers are little-endian and stand at multiples of 4 bytes:
 *   0  "ESPU"
 *   4  u16 version, u16 number of tensors
 *   8  u32 fingerprint of the layout
 *  12  for each tensor: u16 its place in the layout, u8 form, u8 element type (1 = f32), u32 number of carried values
 *      then the tensors in the same order, each in its form
 */
import { EspalierError } from '../../shared/errors.ts'
import type { PayloadForm } from './payload-form.ts'
import { type PayloadFormId, payloadForms } from './payload-forms.ts'

/** The tensors that both sides know, in an order that both know. */
export type PayloadLayout = readonly { readonly name: string; readonly size: number }[]

export interface PayloadTensor {
  readonly values: Float32Array
  /**
   * 1 = carried, 0 = not. Where it is 0, `values` holds what the receiver has in its base: the dense form sends that too.
   * Absent: all are carried.
   */
  readonly carried?: Uint8Array
}

/** What a receiver has where nothing is carried. */
export type PayloadBase = ReadonlyMap<string, Float32Array> | 'zeros'

const magic = 0x55505345
const version = 1
const float32 = 1
const headerWords = 3
const tensorWords = 2
const forms: readonly (readonly [PayloadFormId, PayloadForm])[] = Object.entries(payloadForms) as [
  PayloadFormId,
  PayloadForm,
][]

/** The form of `count` carried values of `size`. */
export function smallestForm(size: number, count: number): PayloadFormId {
  let [best] = forms[0]!
  for (const [id, form] of forms) if (form.words(size, count) < payloadForms[best].words(size, count)) best = id
  return best
}

/** Tensors by name; those of the layout that are absent are not sent. */
export function encodePayload(layout: PayloadLayout, tensors: ReadonlyMap<string, PayloadTensor>): Uint8Array {
  const entries = layout.flatMap(({ name, size }, place) => {
    const tensor = tensors.get(name)
    if (!tensor) return []
    const { values, carried } = tensor
    if (values.length !== size || (carried && carried.length !== size))
      throw new Error(`payload: "${name}" has ${values.length} values, the layout says ${size}`)
    const count = carried ? countSet(carried) : size
    return [{ place, values, carried, count, form: payloadForms[smallestForm(size, count)] }]
  })
  if (entries.length < tensors.size) throw new Error('payload: there is a tensor that the layout does not have')
  const bodies = entries.map(({ form, values, count }) => form.words(values.length, count))
  const start = headerWords + tensorWords * entries.length
  const words = new Uint32Array(start + bodies.reduce((sum, size) => sum + size, 0))
  words.set([magic, version | (entries.length << 16), fingerprintOf(layout)])
  let at = start
  for (const [i, entry] of entries.entries()) {
    const header = entry.place | (entry.form.code << 16) | (float32 << 24)
    words.set([header, entry.count], headerWords + tensorWords * i)
    entry.form.write(entry, words.subarray(at, at + bodies[i]!))
    at += bodies[i]!
  }
  return new Uint8Array(words.buffer)
}

/**
 * Whole tensors by name: carried values over those of the base. Tensors that were not sent are absent. Throws `run.failed`
 * for bytes that are no payload of this layout.
 */
export function decodePayload(layout: PayloadLayout, bytes: Uint8Array, base: PayloadBase): Map<string, Float32Array> {
  if (bytes.length % 4 !== 0 || bytes.length < 4 * headerWords) throw unreadable('it is cut off')
  // Bytes of a larger buffer may start anywhere.
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.length / 4)
  if (words[0] !== magic || (words[1]! & 0xffff) !== version) throw unreadable('it does not begin as one')
  if (words[2] !== fingerprintOf(layout)) throw unreadable('it is of another model')
  const tensors = words[1]! >>> 16
  const result = new Map<string, Float32Array>()
  let at = headerWords + tensorWords * tensors
  for (let i = 0; i < tensors; i++) {
    const [header, count] = words.subarray(headerWords + tensorWords * i)
    const entry = layout[header! & 0xffff]
    const form = forms.find(([, { code }]) => code === ((header! >>> 16) & 0xff))?.[1]
    if (!entry || !form || header! >>> 24 !== float32 || result.has(entry.name) || count! > entry.size)
      throw unreadable(`tensor ${i + 1} of it is described wrongly`)
    const end = at + form.words(entry.size, count!)
    if (end > words.length) throw unreadable('it is cut off')
    const values = base === 'zeros' ? new Float32Array(entry.size) : base.get(entry.name)!.slice()
    try {
      form.read(words.subarray(at, end), count!, values)
    } catch (cause) {
      throw unreadable(`in "${entry.name}" ${(cause as Error).message}`, cause)
    }
    result.set(entry.name, values)
    at = end
  }
  if (at !== words.length) throw unreadable('there is more of it than it says')
  return result
}

/** How the tensors of a payload are sent, in their order. */
export function payloadFormsOf(bytes: Uint8Array): PayloadFormId[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: view.getUint16(6, true) }, (_, i) => {
    const code = view.getUint8(4 * (headerWords + tensorWords * i) + 2)
    return forms.find(([, form]) => form.code === code)![0]
  })
}

function countSet(carried: Uint8Array): number {
  let count = 0
  for (let i = 0; i < carried.length; i++) if (carried[i] !== 0) count++
  return count
}

/** FNV-1a over names and sizes. */
function fingerprintOf(layout: PayloadLayout): number {
  let hash = 0x811c9dc5
  for (const { name, size } of layout)
    for (const character of `${name}/${size};`) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  return hash >>> 0
}

const unreadable = (why: string, cause?: unknown) =>
  new EspalierError(
    {
      code: 'run.failed',
      message: `The update of a client cannot be read: ${why}.`,
      rule: 'An update is decoded whole, or not used.',
    },
    { cause },
  )
