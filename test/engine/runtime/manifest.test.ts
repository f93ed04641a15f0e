import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { sha256, verifyEngine, writeManifest } from '../../../src/engine/runtime/manifest.ts'
import { temporaryFolder } from './machine.ts'

const about = {
  provider: 'x',
  source: 'a test',
  tfjs: '4.22.0',
  tensorflow: '2.21.0',
  built: 'now',
  addon: 'lib/a.node',
}
let folder: string

beforeEach(async () => {
  folder = temporaryFolder()
  mkdirSync(join(folder, 'lib'))
  writeFileSync(join(folder, 'lib', 'a.node'), 'addon')
  writeFileSync(join(folder, 'lib', 'b.so'), Buffer.alloc(3_000_000, 7))
  await writeManifest(folder, about, ['lib/a.node', 'lib/b.so'])
})

function flipByte(file: string, position: number): void {
  const bytes = readFileSync(file)
  bytes[position] = bytes[position]! ^ 1
  writeFileSync(file, bytes)
}

describe('the checksum guard', () => {
  it('hashes as SHA-256 is defined', async () => {
    writeFileSync(join(folder, 'abc'), 'abc')
    // FIPS 180-4, the example of the empty-padded message "abc".
    expect(await sha256(join(folder, 'abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('accepts what was written, before and after it was remembered', async () => {
    expect((await verifyEngine(folder)).state).toBe('ok')
    expect((await verifyEngine(folder)).state).toBe('ok')
    expect((await verifyEngine(folder, { full: true })).state).toBe('ok')
  })

  it('notices one flipped byte', async () => {
    await verifyEngine(folder)
    flipByte(join(folder, 'lib', 'b.so'), 1_234_567)
    expect(await verifyEngine(folder)).toEqual({ state: 'damaged', reason: 'lib/b.so does not match its checksum' })
  })

  it('notices a flipped byte when the modification time was put back', async () => {
    await verifyEngine(folder)
    const file = join(folder, 'lib', 'b.so')
    const { atime, mtime } = statSync(file)
    flipByte(file, 0)
    utimesSync(file, atime, mtime)
    expect((await verifyEngine(folder)).state).toBe('damaged')
  })

  it('hashes a touched file again and accepts it when nothing changed', async () => {
    await verifyEngine(folder)
    utimesSync(join(folder, 'lib', 'b.so'), new Date(), new Date(0))
    expect((await verifyEngine(folder)).state).toBe('ok')
  })

  it('names what is missing, cut short or unreadable', async () => {
    writeFileSync(join(folder, 'lib', 'a.node'), 'addo')
    expect(await verifyEngine(folder)).toMatchObject({ reason: 'lib/a.node has 4 bytes instead of 5' })
    rmSync(join(folder, 'lib', 'a.node'))
    expect(await verifyEngine(folder)).toMatchObject({ reason: 'lib/a.node is missing' })
    writeFileSync(join(folder, 'manifest.json'), '{"format":')
    expect(await verifyEngine(folder)).toMatchObject({ reason: 'manifest.json is not readable' })
    rmSync(join(folder, 'manifest.json'))
    expect(await verifyEngine(folder)).toEqual({ state: 'absent' })
  })
})
