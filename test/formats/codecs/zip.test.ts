import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openZip } from '../../../src/formats/codecs/zip.ts'
import type { ZipLimits } from '../../../src/formats/codecs/zip-rules.ts'
import { fuzz, thrownBy } from '../fuzz.ts'
import { type MadeEntry, makeZip } from './make-zip.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-zip-'))
})
afterAll(() => rm(folder, { recursive: true }))

let count = 0
async function save(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${++count}.zip`)
  await writeFile(path, bytes)
  return path
}

async function openMade(entries: readonly MadeEntry[], limits?: Partial<ZipLimits>) {
  return openZip(await save(makeZip(entries)), limits)
}

const text = (value: string) => new TextEncoder().encode(value)
const long = text('espalier '.repeat(90_000))

describe('zip, what can be read', () => {
  const made: MadeEntry[] = [
    { name: 'a/', data: text('') },
    { name: 'a/stored.txt', data: text('as it is') },
    { name: 'a/deflated.txt', data: long, deflate: true },
    { name: 'empty', data: text('') },
    { name: 'a/zip64.txt', data: text('sizes of eight bytes'), zip64: true },
    { name: 'größe.txt', data: text('utf-8 name') },
  ]

  it('lists entries and reads them whole and in pieces', async () => {
    const zip = await openMade(made)
    expect(zip.entries.map(entry => entry.name)).toEqual(made.map(entry => entry.name))
    expect(zip.entries.map(entry => entry.isDirectory)).toEqual([true, false, false, false, false, false])
    expect(zip.entries.map(entry => entry.isStored)).toEqual([true, true, false, true, true, true])
    for (const { name, data } of made) {
      const entry = zip.find(name)!
      expect(entry.size).toBe(data.length)
      expect(await zip.read(entry)).toEqual(data)
      const pieces: Uint8Array[] = []
      for await (const piece of zip.chunks(entry)) pieces.push(piece)
      expect(new Uint8Array(Buffer.concat(pieces))).toEqual(data)
    }
    expect(zip.find('a/absent.txt')).toBeUndefined()
    await zip.close()
  })

  it('gives the offset of stored bytes', async () => {
    const bytes = makeZip(made)
    const zip = await openZip(await save(bytes))
    for (const name of ['a/stored.txt', 'a/zip64.txt']) {
      const entry = zip.find(name)!
      const offset = await zip.dataOffset(entry)
      expect(bytes.subarray(offset, offset + entry.size)).toEqual(Buffer.from(made.find(m => m.name === name)!.data))
    }
    await zip.close()
  })

  it('reads many entries at once, and closes after reads under way', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({
      name: `${i}`,
      data: text(`entry ${i}`),
      deflate: i % 2 === 0,
    }))
    const zip = await openMade(many)
    const reads = Promise.all(zip.entries.map(entry => zip.read(entry)))
    await zip.close()
    expect((await reads).map(bytes => new TextDecoder().decode(bytes))).toEqual(many.map((_, i) => `entry ${i}`))
    await zip.close()
  })

  it('lets a consumer leave a long entry early', async () => {
    const zip = await openMade([{ name: 'long', data: long, deflate: true }])
    for await (const piece of zip.chunks(zip.find('long')!)) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    await zip.close()
  })
})

describe('zip, what is refused', () => {
  it.each(['../evil.txt', 'a/../../evil.txt', '/etc/passwd', 'C:/windows/evil.txt', '..\\evil.txt', 'a\0b', ''])(
    'unsafe path %j',
    async name => {
      const error = await thrownBy(() =>
        openMade([
          { name: 'good', data: text('x') },
          { name, data: text('x') },
        ]),
      )
      expect(error.code).toBe('archive.unsafe-path')
      expect(error.message).toContain(JSON.stringify(name.replaceAll('\\', '/')))
    },
  )

  it('a bomb that says so, by size and by ratio, before anything is inflated', async () => {
    const zeros = { name: 'zeros', data: new Uint8Array(70 * 2 ** 20), deflate: true }
    expect(await thrownBy(() => openMade([zeros]))).toMatchObject({ code: 'archive.bomb' })
    const small: MadeEntry = { name: 'a', data: long, deflate: true }
    expect(await thrownBy(() => openMade([small], { maxEntrySize: 1000 }))).toMatchObject({ code: 'archive.bomb' })
    expect(await thrownBy(() => openMade([small], { maxTotalSize: 1000 }))).toMatchObject({ code: 'archive.bomb' })
    expect(await thrownBy(() => openMade([small], { maxEntries: 0 }))).toMatchObject({ code: 'archive.bomb' })
  })

  it('a bomb of many entries, each below the floor', async () => {
    const data = new Uint8Array(8 * 2 ** 20)
    const entries = Array.from({ length: 9 }, (_, i) => ({ name: `${i}`, data, deflate: true }))
    expect(await thrownBy(() => openMade(entries))).toMatchObject({ code: 'archive.bomb' })
  })

  it('a bomb whose entries share their bytes', async () => {
    const data = crypto.getRandomValues(new Uint8Array(1000))
    const entries = Array.from({ length: 20 }, (_, i) => ({ name: `${i}`, data, overlap: i > 0 }))
    expect((await thrownBy(() => openMade(entries))).message).toContain('overlap')
  })

  it('an entry that is longer than the file', async () => {
    const bytes = makeZip([{ name: 'x', data: text('abc') }])
    const directory = bytes.indexOf('PK\x01\x02')
    bytes.writeUInt32LE(5000, directory + 20)
    const error = await thrownBy(async () => openZip(await save(bytes)))
    expect(error).toMatchObject({ code: 'file.truncated' })
  })

  it('a bomb that lies about its size', async () => {
    const zip = await openMade([{ name: 'liar', data: long, deflate: true, size: 100 }])
    const entry = zip.find('liar')!
    expect(await thrownBy(() => zip.read(entry))).toMatchObject({ code: 'archive.bomb' })
    expect(await thrownBy(() => drain(zip.chunks(entry)))).toMatchObject({ code: 'archive.bomb' })
    await zip.close()
  })

  it('an entry shorter than it says, a wrong checksum, a wrong stored size, a foreign method', async () => {
    const zip = await openMade([
      { name: 'short', data: long, deflate: true, size: long.length + 1 },
      { name: 'sum', data: long, deflate: true, crc: 7 },
      { name: 'stored', data: text('abc'), size: 5 },
      { name: 'lzma', data: text('abc'), method: 14 },
    ])
    for (const [name, code] of [
      ['short', 'file.corrupt'],
      ['sum', 'file.corrupt'],
      ['stored', 'file.corrupt'],
      ['lzma', 'file.unreadable'],
    ] as const) {
      const error = await thrownBy(() => zip.read(zip.find(name)!))
      expect(error.code).toBe(code)
      expect(error.message).toContain(`"${name}"`)
      expect(await thrownBy(() => drain(zip.chunks(zip.find(name)!)))).toMatchObject({ code })
    }
    await zip.close()
  })

  it('encryption, two entries of one name', async () => {
    expect(await thrownBy(() => openMade([{ name: 'x', data: text('x'), flags: 1 }]))).toMatchObject({
      code: 'file.unreadable',
    })
    expect(await thrownBy(() => openMade([{ name: 'x', data: text('x'), flags: 0x41 }]))).toMatchObject({
      code: 'file.unreadable',
    })
    const twice = { name: 'x', data: text('x') }
    expect((await thrownBy(() => openMade([twice, twice]))).message).toContain('two entries named "x"')
  })

  it('what is no zip file, a folder, nothing', async () => {
    const error = await thrownBy(async () => openZip(await save(text('just words'))))
    expect(error.code).toBe('file.unknown-format')
    expect(error.message).toContain('just words')
    expect(await thrownBy(async () => openZip(await save(text(''))))).toMatchObject({ code: 'file.unknown-format' })
    expect(await thrownBy(() => openZip(folder))).toMatchObject({ code: 'file.unreadable' })
    expect(await thrownBy(() => openZip(join(folder, 'absent.zip')))).toMatchObject({ code: 'file.missing' })
  })
})

it('says only errors of ours about cut and damaged archives', async () => {
  const bytes = makeZip([
    { name: 'a/stored.txt', data: text('as it is') },
    { name: 'a/deflated.txt', data: text('espalier '.repeat(50)), deflate: true },
    { name: 'a/zip64.txt', data: text('sizes of eight bytes'), zip64: true },
  ])
  const codes = await fuzz(bytes, 400, async mutant => {
    const zip = await openZip(await save(mutant))
    try {
      for (const entry of zip.entries) {
        await zip.read(entry)
        await drain(zip.chunks(entry))
      }
    } finally {
      await zip.close()
    }
  })
  expect(codes.get('file.truncated')).toBeGreaterThan(50)
  expect(codes.get('file.corrupt')).toBeGreaterThan(50)
})

const real = '../shared/data/cifar10-jpeg.zip'
it.skipIf(!existsSync(real))(`lists ${real}`, async () => {
  const zip = await openZip(real)
  expect(zip.entries.filter(entry => !entry.isDirectory)).toHaveLength(60_000)
  const jpeg = await zip.read(zip.find('cifar10/train/airplane/0000.jpg')!)
  expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8])
  await zip.close()
})

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) expect(piece).toBeInstanceOf(Uint8Array)
}
