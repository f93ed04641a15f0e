/** What travels between the server and a client, as bytes. Every model is used as it comes out of them. */
import { gather, scatter } from '../../core/federation/narrow.ts'
import {
  decodePayload,
  encodePayload,
  type PayloadBase,
  type PayloadLayout,
  type PayloadTensor,
} from '../../core/federation/payload.ts'
import { elementCount } from '../../core/graph/dims.ts'
import type { Graph, Masks, Weights } from '../../core/graph/model.ts'

/** The named parameters of a graph, as both sides know them. */
export const layoutOf = (graph: Graph, names: Iterable<string>): PayloadLayout =>
  [...names].map(name => ({ name, size: elementCount(graph.parameters[name]!.dims) }))

/**
 * values: all but zeros, which the receiver fills in. changes: what differs from what the receiver has. An update of which
 * most is the same, or zero, is small.
 */
export type Carried = 'values' | 'changes'

export interface Parcel {
  readonly bytes: number
  /** As it was unpacked. */
  readonly tensors: Map<string, Float32Array>
  /** Carried values of each tensor of the layout. */
  readonly counts: ReadonlyMap<string, number>
  /** 1 = carried, by tensor; absent where all of it is. */
  readonly carried: ReadonlyMap<string, Uint8Array>
}

/** Packs the tensors of the layout and unpacks them again. `has` is what the receiver has of them. */
export function send(layout: PayloadLayout, values: Weights, carried: Carried, has: Weights): Parcel {
  const base: PayloadBase = carried === 'values' ? 'zeros' : has
  const counts = new Map<string, number>()
  const masks = new Map<string, Uint8Array>()
  const tensors = new Map<string, PayloadTensor>()
  for (const { name, size } of layout) {
    const own = values.get(name)!
    const mask = new Uint8Array(size)
    const count = carried === 'values' ? markValues(own, mask) : markChanges(own, has.get(name)!, mask)
    counts.set(name, count)
    if (count === size) tensors.set(name, { values: own })
    else {
      masks.set(name, mask)
      tensors.set(name, { values: own, carried: mask })
    }
  }
  const bytes = encodePayload(layout, tensors)
  return { bytes: bytes.length, tensors: decodePayload(layout, bytes, base), counts, carried: masks }
}

/** Sends what the receiver or the sender holds of each tensor, as the smaller tensors that they are to it. Zero elsewhere. */
export function sendPart(layout: PayloadLayout, values: Weights, part: Masks): Parcel {
  const held = new Map(layout.map(({ name }) => [name, gather(values.get(name)!, part.get(name)!)]))
  const own = layout.map(({ name }) => ({ name, size: held.get(name)!.length }))
  const { tensors, ...parcel } = send(own, held, 'values', new Map())
  const whole = [...tensors].map(([name, tensor]) => [name, scatter(tensor, part.get(name)!)] as const)
  return { ...parcel, tensors: new Map(whole), carried: part }
}

function markValues(values: Float32Array, mask: Uint8Array): number {
  let count = 0
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count += mask[i] = 1
  return count
}

function markChanges(values: Float32Array, before: Float32Array, mask: Uint8Array): number {
  let count = 0
  for (let i = 0; i < values.length; i++) if (values[i] !== before[i]) count += mask[i] = 1
  return count
}
