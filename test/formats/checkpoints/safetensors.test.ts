import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readSafetensorsBytes } from '../../../src/formats/checkpoints/safetensors.ts'
import { type TensorToWrite, writeSafetensors } from '../../../src/formats/write-safetensors.ts'
import { repeatedKey } from '../../../src/shared/json-keys.ts'
import { fuzz, random, thrownBy } from '../fuzz.ts'

const plain = (bytes: Uint8Array) =>
  readSafetensorsBytes(bytes, 'x').tensors.map(({ name, dims, type, read }) => ({
    name,
    dims,
    type,
    values: [...read()],
  }))

/** A file with this header, and so many bytes behind it. */
function made(
  header: unknown,
  bytes = 8,
  text = typeof header === 'string' ? header : JSON.stringify(header),
): Uint8Array {
  const json = Buffer.from(text)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return new Uint8Array(Buffer.concat([length, json, Buffer.alloc(bytes)]))
}

const tensor = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets })

describe('safetensors, reading', () => {
  it('reads what the format’s own writer wrote', () => {
    const bytes = new Uint8Array(readFileSync('test/fixtures/checkpoints/types.safetensors'))
    const { tensors, metadata } = readSafetensorsBytes(bytes, 'x')
    expect(metadata).toEqual({ format: 'pt', note: 'größe' })
    const expected = JSON.parse(readFileSync('test/fixtures/checkpoints/expected.json', 'utf8')).types as {
      name: string
      values: (number | string)[]
    }[]
    const wanted = new Map(expected.map(({ name, values }) => [name, values]))
    expect(tensors).toHaveLength(wanted.size)
    for (const { name, read } of tensors) {
      const values = wanted
        .get(name)!
        .map(value => (typeof value === 'number' ? value : Number(value.replace('inf', 'Infinity'))))
      expect([...read()]).toEqual(values)
    }
  })

  it('skips types that have no place in f32, and says so', () => {
    const { tensors, notes, unread } = readSafetensorsBytes(
      made({ a: tensor('F8_E4M3', [4], [0, 4]), b: tensor('U8', [4], [4, 8]), c: tensor('F4', [0], [8, 8]) }),
      'x',
    )
    expect(tensors.map(({ name }) => name)).toEqual(['b'])
    expect(notes).toEqual([
      { kind: 'skipped', text: 'a: a tensor of type F8_E4M3.' },
      { kind: 'skipped', text: 'c: a tensor of type F4.' },
    ])
    expect(unread).toEqual(['a (F8_E4M3)', 'c (F4)'])
  })

  it.each([
    ['a hole', { a: tensor('F32', [1], [4, 8]) }, 'file.corrupt', 'hole before tensor "a"'],
    ['an overlap', { a: tensor('F32', [1], [0, 4]), b: tensor('F32', [1], [3, 7]) }, 'file.corrupt', '"b" lies over'],
    [
      'the same bytes twice',
      { a: tensor('F32', [2], [0, 8]), b: tensor('F32', [2], [0, 8]) },
      'file.corrupt',
      'lies over',
    ],
    ['bytes that belong to nobody', { a: tensor('F32', [1], [0, 4]) }, 'file.corrupt', '4 bytes belong to no tensor'],
    ['offsets past the end', { a: tensor('F32', [4], [0, 16]) }, 'file.truncated', 'should end at byte'],
    ['a size that disagrees', { a: tensor('F32', [3], [0, 8]) }, 'file.corrupt', 'takes 12 bytes, not 8'],
    ['half a byte', { a: tensor('F4', [1], [0, 0]) }, 'file.corrupt', 'takes 0.5 bytes'],
    ['a shape whose product overflows', { a: tensor('F32', [2 ** 40, 2 ** 40], [0, 8]) }, 'file.corrupt', 'takes'],
    ['a negative size', { a: tensor('F32', [-2], [0, 8]) }, 'file.corrupt', 'lacks'],
    ['a size of one and a half', { a: tensor('F32', [1.5], [0, 6]) }, 'file.corrupt', 'lacks'],
    ['offsets in the wrong order', { a: tensor('F32', [2], [8, 0]) }, 'file.corrupt', '"a"'],
    ['three offsets', { a: tensor('F32', [2], [0, 8, 8]) }, 'file.corrupt', 'lacks'],
    ['no shape', { a: { dtype: 'F32', data_offsets: [0, 8] } }, 'file.corrupt', 'lacks'],
    ['a tensor that is a number', { a: 7 }, 'file.corrupt', 'lacks'],
    ['an unknown type', { a: tensor('F99', [1], [0, 8]) }, 'checkpoint.unsupported-type', '"F99"'],
    [
      'a type of the language',
      { a: tensor('constructor', [1], [0, 8]) },
      'checkpoint.unsupported-type',
      '"constructor"',
    ],
    [
      'metadata that are no text',
      { __metadata__: { epoch: 3 }, a: tensor('F64', [1], [0, 8]) },
      'file.corrupt',
      'metadata',
    ],
    ['a list', [1], 'file.corrupt', 'not a JSON object'],
    ['broken JSON', '{"a":', 'file.corrupt', 'not JSON'],
    [
      'one name twice',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}',
      'file.corrupt',
      'names "a" twice',
    ],
  ])('refuses %s', async (_, header, code, words) => {
    const error = await thrownBy(() => readSafetensorsBytes(made(header), 'file.safetensors'))
    expect(error.code).toBe(code)
    expect(error.message).toContain('file.safetensors')
    expect(error.message).toContain(words)
  })

  it('checks the header’s length before it reads it', async () => {
    const long = made({})
    new DataView(long.buffer).setBigUint64(0, 100_000_001n, true)
    expect((await thrownBy(() => readSafetensorsBytes(long, 'x'))).message).toContain('limit')
    new DataView(long.buffer).setBigUint64(0, 99_999_999n, true)
    expect((await thrownBy(() => readSafetensorsBytes(long, 'x'))).code).toBe('file.truncated')
    new DataView(long.buffer).setBigUint64(0, 2n ** 64n - 1n, true)
    expect((await thrownBy(() => readSafetensorsBytes(long, 'x'))).message).toContain('limit')
    expect((await thrownBy(() => readSafetensorsBytes(new Uint8Array(3), 'x'))).code).toBe('file.truncated')
  })

  it('finds repeated keys in any object, and no others', () => {
    expect(repeatedKey('{"a":{"b":1},"c":{"b":2},"d":["a","a",{"a":1}]}')).toBeUndefined()
    expect(repeatedKey('{"a":1, "x":"a\\":{", "b":{"c":1,"c" :2}}')).toBe('c')
    expect(repeatedKey(`{"a":"${'x'.repeat(5_000_000)}\\\\","a":1}`)).toBe('a')
    expect(repeatedKey('{"__proto__":1,"__proto__":2}')).toBe('__proto__')
  })
})

describe('safetensors, writing', () => {
  const tensors: TensorToWrite[] = [
    { name: 'mask:b', dims: [3], data: new Uint8Array([1, 0, 1]) },
    { name: 'b', dims: [3], data: new Float32Array([1.5, 0, -2]) },
    { name: 'a', dims: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
    { name: 'empty', dims: [0], data: new Float32Array(0) },
    { name: 'scalar', dims: [], data: new Float32Array([7]) },
    { name: '__proto__', dims: [1], data: new Float32Array([8]) },
  ]

  it('gives back what was written, whatever the order, in the same bytes', () => {
    const bytes = writeSafetensors(tensors, { z: '1', a: 'größe' })
    expect(writeSafetensors(tensors.toReversed(), { a: 'größe', z: '1' })).toEqual(bytes)
    expect(readSafetensorsBytes(bytes, 'x').metadata).toEqual({ a: 'größe', z: '1' })
    const values = new Map(plain(bytes).map(({ name, values }) => [name, values]))
    expect(values.size).toBe(tensors.length)
    for (const { name, data } of tensors) expect(values.get(name)).toEqual([...data])
  })

  it('aligns every F32', () => {
    const bytes = writeSafetensors(tensors, { note: 'x' })
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect((8 + header) % 8).toBe(0)
    const json = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + header))) as Record<
      string,
      { dtype: string; data_offsets: number[] }
    >
    for (const [name, { dtype, data_offsets }] of Object.entries(json)) {
      if (name !== '__metadata__' && dtype === 'F32') expect(data_offsets[0]! % 4).toBe(0)
    }
  })

  it('does not share memory with what it was given, nor with what it gives', () => {
    const data = new Float32Array([1, 2])
    const bytes = writeSafetensors([{ name: 'a', dims: [2], data }])
    data[0] = 9
    const [read] = readSafetensorsBytes(bytes, 'x').tensors
    read!.read()[1] = 9
    expect([...read!.read()]).toEqual([1, 2])
  })

  it('refuses what contradicts itself', () => {
    const data = new Float32Array(2)
    expect(() => writeSafetensors([{ name: 'a', dims: [3], data }])).toThrow('a has 2 elements')
    expect(() =>
      writeSafetensors([
        { name: 'a', dims: [2], data },
        { name: 'a', dims: [2], data },
      ]),
    ).toThrow('same name')
  })

  it('round-trips random tensors', () => {
    const next = random(1)
    for (let round = 0; round < 50; round++) {
      const some = Array.from({ length: Math.floor(next() * 6) }, (_, i): TensorToWrite => {
        const dims = Array.from({ length: Math.floor(next() * 4) }, () => Math.floor(next() * 4))
        const length = dims.reduce((product, dim) => product * dim, 1)
        const isMask = next() < 0.3
        const data = isMask ? new Uint8Array(length) : new Float32Array(length)
        return { name: `t${i}`, dims, data: data.map(() => Math.round(next() * 100)) }
      })
      const read = new Map(plain(writeSafetensors(some)).map(entry => [entry.name, entry]))
      for (const { name, dims, data } of some) expect(read.get(name)).toMatchObject({ dims, values: [...data] })
    }
  })

  it('says only errors of ours about damaged bytes', async () => {
    const bytes = writeSafetensors(tensors, { note: 'x' })
    const codes = await fuzz(bytes, 1000, mutant => plain(mutant))
    expect(codes.get('file.corrupt')).toBeGreaterThan(100)
    expect(codes.get('file.truncated')).toBeGreaterThan(100)
  })
})
