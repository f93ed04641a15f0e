import { describe, expect, it } from 'vitest'
import {
  decodePayload,
  encodePayload,
  type PayloadLayout,
  type PayloadTensor,
  payloadFormsOf,
  smallestForm,
} from '../../../src/core/federation/payload.ts'
import { payloadForms } from '../../../src/core/federation/payload-forms.ts'
import { createRandom } from '../../../src/core/random.ts'
import { EspalierError } from '../../../src/shared/errors.ts'

const tensor = (values: readonly number[], carried?: readonly number[]): PayloadTensor => ({
  values: Float32Array.from(values),
  ...(carried && { carried: Uint8Array.from(carried) }),
})
const only = (name: string, of: PayloadTensor) => new Map([[name, of]])
const one: PayloadLayout = [{ name: 'w', size: 4 }]
const bytesOf = (size: number, count: number) => 4 * payloadForms[smallestForm(size, count)].words(size, count)

describe('payload', () => {
  it('is the bytes that its head describes, dense', () => {
    const bytes = encodePayload(one, only('w', tensor([1, -2, 0.5, 0])))
    expect(Array.from(bytes.subarray(0, 8))).toEqual([...Buffer.from('ESPU'), 1, 0, 1, 0])
    // Place 0, dense, f32, 4 values; then 1, -2, 0.5, 0 as IEEE 754.
    expect(Buffer.from(bytes.subarray(12)).toString('hex')).toBe(
      '0000000104000000' + '0000803f000000c00000003f00000000',
    )
    expect(bytes.length).toBe(12 + 8 + 16)
  })

  it('sends one of 100 values by its place, and 50 of them behind a map', () => {
    const layout = [{ name: 'w', size: 100 }]
    const values = Array.from({ length: 100 }, (_, i) => i)
    const single = encodePayload(
      layout,
      only(
        'w',
        tensor(
          values,
          values.map(i => Number(i === 70)),
        ),
      ),
    )
    expect(payloadFormsOf(single)).toEqual(['indexed'])
    expect(Buffer.from(single.subarray(20)).toString('hex')).toBe('4600000000008c42') // 70 and 70.0
    expect(single.length).toBe(20 + 8)
    const half = encodePayload(
      layout,
      only(
        'w',
        tensor(
          values,
          values.map(i => i % 2),
        ),
      ),
    )
    expect(payloadFormsOf(half)).toEqual(['bitmap'])
    // 100 bits are 4 words; the first byte holds the values 1, 3, 5 and 7.
    expect(half[20]).toBe(0b10101010)
    expect(half.length).toBe(20 + 16 + 200)
  })

  it.each([
    // size, carried, form, bytes of the body: 4n; 4 ceil(n / 32) + 4k; 8k
    [64, 64, 'dense', 256],
    [64, 63, 'dense', 256],
    [64, 62, 'dense', 256],
    [64, 61, 'bitmap', 252],
    [64, 3, 'bitmap', 20],
    [64, 2, 'bitmap', 16],
    [64, 1, 'indexed', 8],
    [64, 0, 'indexed', 0],
    [268_336, 80_500, 'bitmap', 33_544 + 322_000],
    [25_502_912, 796_000, 'indexed', 6_368_000],
  ] as const)('of %i values with %i carried is %s', (size, count, form, bytes) => {
    expect(bytesOf(size, count)).toBe(Math.min(4 * size, 4 * Math.ceil(size / 32) + 4 * count, 8 * count))
    expect(bytesOf(size, count)).toBe(bytes)
    expect(smallestForm(size, count)).toBe(form)
  })

  it('comes back as it was, for any tensors and any share of them', () => {
    const random = createRandom(7)
    const forms = new Set<string>()
    for (let round = 0; round < 60; round++) {
      const layout = Array.from({ length: 1 + random.below(6) }, (_, i) => ({
        name: `t${i}`,
        size: 1 + random.below(300),
      }))
      const base = new Map(layout.map(({ name, size }) => [name, Float32Array.from({ length: size }, random.normal)]))
      const sent = new Map<string, PayloadTensor>()
      for (const { name, size } of layout) {
        if (random.uniform() < 0.2) continue
        const share = random.uniform() ** 3
        const carried = Uint8Array.from({ length: size }, () => Number(random.uniform() < share))
        const values = base.get(name)!.map((value, i) => (carried[i] ? random.normal() : value))
        sent.set(name, random.uniform() < 0.2 ? { values } : { values, carried })
      }
      const bytes = encodePayload(layout, sent)
      for (const form of payloadFormsOf(bytes)) forms.add(form)
      const expected = new Map([...sent].map(([name, { values }]) => [name, values]))
      expect(decodePayload(layout, bytes, base)).toEqual(expected)
      // From the middle of a larger buffer, at an odd place.
      const larger = new Uint8Array(bytes.length + 9)
      larger.set(bytes, 3)
      expect(decodePayload(layout, larger.subarray(3, 3 + bytes.length), base)).toEqual(expected)
      const body = [...sent.values()].map(({ values, carried }) =>
        bytesOf(values.length, carried ? carried.reduce((sum, bit) => sum + bit, 0) : values.length),
      )
      expect(bytes.length).toBe(12 + 8 * sent.size + body.reduce((sum, size) => sum + size, 0))
    }
    expect([...forms].toSorted()).toEqual(['bitmap', 'dense', 'indexed'])
  })

  it('puts zeros where nothing is carried, when that is what the receiver has', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i % 8 === 0 ? i + 1 : 0))
    const sent = tensor(
      values,
      values.map(value => Number(value !== 0)),
    )
    const layout = [{ name: 'w', size: 40 }]
    expect(decodePayload(layout, encodePayload(layout, only('w', sent)), 'zeros').get('w')).toEqual(sent.values)
  })

  it('leaves out what is not sent', () => {
    const layout = [...one, { name: 'b', size: 2 }]
    const bytes = encodePayload(layout, only('b', tensor([3, 4])))
    expect(decodePayload(layout, bytes, 'zeros')).toEqual(new Map([['b', Float32Array.of(3, 4)]]))
    expect(encodePayload(layout, new Map()).length).toBe(12)
    expect(() => encodePayload(one, only('b', tensor([3, 4])))).toThrow('layout')
    expect(() => encodePayload(one, only('w', tensor([3, 4])))).toThrow('layout says 4')
  })

  it('is refused whole when any of it is wrong', () => {
    const layout = [{ name: 'w', size: 200 }]
    const carried = Array.from({ length: 200 }, (_, i) => Number(i < 3 || i > 190))
    const bytes = encodePayload(layout, only('w', tensor(Array(200).fill(1), carried)))
    const refuse = (change: (copy: Uint8Array) => Uint8Array) => {
      const attempt = () => decodePayload(layout, change(bytes.slice()), 'zeros')
      expect(attempt).toThrow(EspalierError)
      expect(attempt).toThrow('cannot be read')
    }
    for (const length of [0, 3, 8, 12, 16, 20, 24, bytes.length - 4]) refuse(copy => copy.subarray(0, length))
    refuse(copy => Uint8Array.of(...copy, 0, 0, 0, 0))
    const set = (at: number, value: number) =>
      refuse(copy => {
        copy[at] = value
        return copy
      })
    set(0, 0) // magic
    set(4, 9) // version
    set(12, 5) // a place that the layout does not have
    set(14, 7) // a form that there is not
    set(15, 2) // another element type
    set(17, 1) // more values than there are
    set(20, 0) // a bit less than there are values
    expect(() => decodePayload([{ name: 'w', size: 201 }], bytes, 'zeros')).toThrow('another model')
    expect(() => decodePayload([{ name: 'v', size: 200 }], bytes, 'zeros')).toThrow('another model')
  })

  it('refuses places that do not ascend', () => {
    const layout = [{ name: 'w', size: 200 }]
    const carried = Array.from({ length: 200 }, (_, i) => Number(i === 5 || i === 9))
    const bytes = encodePayload(layout, only('w', tensor(Array(200).fill(1), carried)))
    expect(payloadFormsOf(bytes)).toEqual(['indexed'])
    bytes[24] = 5 // 5, 5
    expect(() => decodePayload(layout, bytes, 'zeros')).toThrow('value 1 is said to stand at 5')
    bytes[24] = 250
    expect(() => decodePayload(layout, bytes, 'zeros')).toThrow('said to stand at 250')
  })
})
