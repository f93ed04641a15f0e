import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { unpackTar } from '../../../src/formats/codecs/tar.ts'
import { openTree } from '../../../src/formats/tree/open-tree.ts'
import type { Tree } from '../../../src/formats/tree/tree.ts'
import { makeZip } from '../codecs/make-zip.ts'
import { folders, type TarEntry, tarFile } from '../datasets/made.ts'
import { fuzz, thrownBy } from '../fuzz.ts'

const { root, make, save } = folders()
const bytes = (text: string): Buffer => Buffer.from(text)
const long = Buffer.from(Array.from({ length: 700_000 }, (_, k) => (k * 31) % 251))

const files = {
  'b/long.bin': long,
  'b/a.txt': bytes('hello'),
  'empty.txt': bytes(''),
  '.hidden/x': bytes('x'),
  'b/.DS_Store': bytes('x'),
}
const entries = Object.entries(files).map(([name, data]) => ({ name, data }))

async function check(tree: Tree): Promise<void> {
  expect(tree.entries.map(({ path, size }) => [path, size])).toEqual([
    ['b/a.txt', 5],
    ['b/long.bin', 700_000],
    ['empty.txt', 0],
  ])
  const [text, binary, empty] = tree.entries
  expect(Buffer.from(await tree.read(text!)).toString()).toBe('hello')
  expect(Buffer.from(await tree.read(binary!)).equals(long)).toBe(true)
  expect(await tree.read(empty!)).toHaveLength(0)
  expect(tree.locate(text!)).toMatch(/b\/a\.txt$/)
  for (const [start, length] of [
    [0, 10],
    [262_140, 10],
    [524_288, 5],
    [699_990, 100],
    [0, 700_000],
  ] as const) {
    expect(Buffer.from(await tree.readRange(binary!, start, length)).equals(long.subarray(start, start + length))).toBe(
      true,
    )
  }
  const pieces: Uint8Array[] = []
  for await (const piece of tree.chunks(binary!)) pieces.push(piece)
  expect(pieces.length).toBeGreaterThan(1)
  expect(Buffer.concat(pieces).equals(long)).toBe(true)
  await tree.close()
}

describe('a tree is the same view', () => {
  it('of a folder', async () => {
    const tree = await openTree(make(files), {})
    expect(tree.kind).toBe('folder')
    await check(tree)
  })

  it('of a zip', async () => {
    const tree = await openTree(save('t.zip', makeZip(entries.map(entry => ({ ...entry, deflate: true })))), {})
    expect(tree.kind).toBe('zip')
    await check(tree)
  })

  it.each([false, true])('of a tar, gzipped: %s', async isGzipped => {
    const tar = await tarFile([
      { name: 'b/', type: 'directory' },
      ...entries.map(entry => ({ ...entry, name: `./${entry.name}` })),
    ])
    const tree = await openTree(save('whatever.bin', isGzipped ? gzipSync(tar) : tar), {})
    expect(tree.kind).toBe('tar')
    await check(tree)
  })

  it('of a lone file, also a gzipped one that is no tar', async () => {
    for (const data of [bytes('hello'), gzipSync('hello'), bytes('')]) {
      const tree = await openTree(save('lone', data), {})
      expect([tree.kind, tree.entries]).toMatchObject(['file', [{ path: 'lone', size: data.length }]])
    }
  })
})

describe('folders', () => {
  it('follow links to files, but not to folders, and say so', async () => {
    const folder = make({ 'a/x.txt': 'x' })
    symlinkSync(join(folder, 'a/x.txt'), join(folder, 'link.txt'))
    symlinkSync(folder, join(folder, 'a/circle'))
    symlinkSync('nowhere', join(folder, 'broken'))
    const tree = await openTree(folder, {})
    expect(tree.entries.map(({ path }) => path)).toEqual(['a/x.txt', 'link.txt'])
    expect(tree.notes).toEqual([{ kind: 'skipped', text: '1 links to other folders were not followed.' }])
  })

  it('refuse what is not there', async () => {
    const path = join(root, 'nothing')
    expect(await thrownBy(() => openTree(path, {}))).toMatchObject({ code: 'file.missing', file: path })
  })

  it('stop when asked to', async () => {
    const folder = make({ a: 'x' })
    mkdirSync(join(folder, 'b'))
    expect(await thrownBy(() => openTree(folder, { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'run.stopped',
    })
  })
})

describe('tar archives are refused', () => {
  it.each(['../evil', 'a/../../evil', '/etc/evil', 'C:\\evil', './../evil'])('with the unsafe path %j', async name => {
    const path = save(
      'evil.tar',
      await tarFile([
        { name: 'good', data: bytes('x') },
        { name, data: bytes('x') },
      ]),
    )
    const error = await thrownBy(() => openTree(path, {}))
    expect(error).toMatchObject({ code: 'archive.unsafe-path', file: path })
  })

  it('with an unsafe folder name', async () => {
    const entry: TarEntry = { name: '../evil/', type: 'directory' }
    expect((await thrownBy(async () => openTree(save('evil.tar', await tarFile([entry])), {}))).code).toBe(
      'archive.unsafe-path',
    )
  })

  it('where they are bombs: by ratio, entries and size', async () => {
    const zeros = gzipSync(await tarFile([{ name: 'zeros', data: Buffer.alloc(70 * 2 ** 20) }]))
    expect(await thrownBy(() => openTree(save('bomb.tar.gz', zeros), {}))).toMatchObject({ code: 'archive.bomb' })
    const tar = await tarFile([
      { name: 'a', data: bytes('12345') },
      { name: 'b', data: bytes('1') },
    ])
    const unpack = (limits: { maxEntries: number; maxEntrySize: number }) =>
      thrownBy(async () => {
        async function* whole() {
          yield tar
        }
        await unpackTar('t.tar', whole(), async () => {}, limits)
      })
    expect((await unpack({ maxEntries: 1, maxEntrySize: 10 })).code).toBe('archive.bomb')
    expect((await unpack({ maxEntries: 9, maxEntrySize: 4 })).code).toBe('archive.bomb')
  })

  it('where they are cut or damaged', async () => {
    const tar = await tarFile([{ name: 'a', data: Buffer.alloc(5000, 7) }])
    const damaged = Uint8Array.from(tar, (byte, at) => (at === 3 ? byte ^ 1 : byte))
    expect((await thrownBy(() => openTree(save('cut.tar', tar.subarray(0, 3000)), {}))).code).toBe('file.truncated')
    expect((await thrownBy(() => openTree(save('cut.tar.gz', gzipSync(tar).subarray(0, -20)), {}))).code).toBe(
      'file.truncated',
    )
    expect((await thrownBy(() => openTree(save('cut.tgz', gzipSync(tar.subarray(0, 3000))), {}))).code).toBe(
      'file.truncated',
    )
    expect((await thrownBy(() => openTree(save('bad.tar', damaged), {}))).code).toBe('file.corrupt')
  })

  it('but links in them are ignored, with a note', async () => {
    const tar = await tarFile([
      { name: 'link', type: 'symlink', linkname: '/etc/passwd' },
      { name: 'a', data: bytes('x') },
      { name: 'hard', type: 'link', linkname: 'a' },
    ])
    const tree = await openTree(save('links.tar', tar), {})
    expect(tree.entries).toMatchObject([{ path: 'a', size: 1 }])
    expect(tree.notes[0]?.text).toMatch(/2 links/)
    await tree.close()
  })

  it('survive damage', async () => {
    const tar = await tarFile([
      { name: 'a', data: Buffer.alloc(700, 7) },
      { name: 'b/c', data: bytes('hello') },
    ])
    const codes = await fuzz(tar, 150, async mutant => {
      const tree = await openTree(save('fuzz.tar', mutant), {})
      for (const entry of tree.entries) await tree.read(entry)
      await tree.close()
    })
    expect(codes.size).toBeGreaterThan(2)
  })
})
