import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeFileAtomic } from '../../src/formats/write-file.ts'
import { thrownBy } from './fuzz.ts'

/** The step at which the next write fails, and how; the file layer stands in for a full or read-only disk. */
let fault: { step: 'open' | 'write' | 'sync' | 'rename'; code: string } | undefined

vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>()
  const failing = (step: string) => {
    if (fault?.step === step) throw Object.assign(new Error(`${fault.code}: made up`), { code: fault.code })
  }
  return {
    ...real,
    async open(...args: Parameters<typeof real.open>) {
      failing('open')
      const file = await real.open(...args)
      const write = file.write.bind(file) as (
        ...at: [Uint8Array, number, number, number]
      ) => Promise<{ bytesWritten: number }>
      const sync = file.sync.bind(file)
      return Object.assign(file, {
        // half of the bytes arrive, then the disk is full
        async write(bytes: Uint8Array, offset: number, length: number, position: number) {
          const { bytesWritten } = await write(bytes, offset, Math.ceil(length / 2), position)
          failing('write')
          return { bytesWritten, buffer: bytes }
        },
        async sync() {
          failing('sync')
          await sync()
        },
      })
    },
    async rename(from: string, to: string) {
      failing('rename')
      await real.rename(from, to)
    },
  }
})

let folder: string
beforeEach(async () => {
  fault = undefined
  folder = await mkdtemp(join(tmpdir(), 'espalier-write-'))
})
afterEach(async () => {
  fault = undefined
  await rm(folder, { recursive: true })
})

const bytes = new TextEncoder().encode('the new content')

describe('writing a file', () => {
  it('writes, and replaces, and leaves nothing else', async () => {
    const path = join(folder, 'model.safetensors')
    await writeFileAtomic(path, bytes)
    expect(await readFile(path)).toEqual(Buffer.from(bytes))
    await writeFileAtomic(path, bytes.subarray(0, 7))
    expect(await readFile(path, 'utf8')).toBe('the new')
    await writeFileAtomic(path, new Uint8Array(0))
    expect(await readFile(path)).toHaveLength(0)
    expect(await readdir(folder)).toEqual(['model.safetensors'])
  })

  it.each([
    ['open', 'EROFS', 'disk.read-only'],
    ['open', 'EACCES', 'disk.read-only'],
    ['write', 'ENOSPC', 'disk.full'],
    ['write', 'EDQUOT', 'disk.full'],
    ['sync', 'ENOSPC', 'disk.full'],
    ['rename', 'EPERM', 'disk.read-only'],
  ] as const)('when %s fails with %s says %s and keeps what was there', async (step, code, told) => {
    const path = join(folder, 'model.safetensors')
    await writeFile(path, 'the old content')
    fault = { step, code }
    const error = await thrownBy(() => writeFileAtomic(path, bytes))
    fault = undefined
    expect(error.code).toBe(told)
    expect(error.message).toContain(path)
    expect(await readFile(path, 'utf8')).toBe('the old content')
    expect(await readdir(folder)).toEqual(['model.safetensors'])
  })

  it('into a folder that is not there says so and makes none', async () => {
    const error = await thrownBy(() => writeFileAtomic(join(folder, 'absent', 'x'), bytes))
    expect(error.message).toContain('absent')
    expect(await readdir(folder)).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('into a read-only folder, for real', async () => {
    const closed = join(folder, 'closed')
    await mkdir(closed)
    await chmod(closed, 0o500)
    expect(await thrownBy(() => writeFileAtomic(join(closed, 'x'), bytes))).toMatchObject({ code: 'disk.read-only' })
  })

  const canMount = process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0
  it.skipIf(!canMount)('onto a full disk and a read-only one, for real (needs unshare)', () => {
    const script = `
      import { readdirSync } from 'node:fs'
      import { writeFileAtomic } from ${JSON.stringify(join(process.cwd(), 'src/formats/write-file.ts'))}
      const [, , folder, size] = process.argv
      await writeFileAtomic(folder + '/x', new Uint8Array(Number(size))).catch(error => console.log(error.code))
      console.log(readdirSync(folder).length)`
    const run = (mount: string, size: number) =>
      spawnSync(
        'unshare',
        [
          '-rm',
          'sh',
          '-c',
          `${mount} && "$0" --input-type=module-typescript -e "$1" - "$2" "$3"`,
          process.execPath,
          script,
          folder,
          String(size),
        ],
        { encoding: 'utf8' },
      )
    const full = run(`mount -t tmpfs -o size=64k tmpfs ${folder}`, 1_000_000)
    expect([full.stdout, full.stderr]).toEqual(['disk.full\n0\n', ''])
    const readOnly = run(`mount -t tmpfs -o ro tmpfs ${folder}`, 10)
    expect([readOnly.stdout, readOnly.stderr]).toEqual(['disk.read-only\n0\n', ''])
  })
})
