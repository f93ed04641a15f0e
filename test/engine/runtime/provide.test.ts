import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cacheFolder, enginesFolder } from '../../../src/engine/runtime/cache.ts'
import type { Environment } from '../../../src/engine/runtime/environment.ts'
import { provideEngine } from '../../../src/engine/runtime/provide.ts'
import type { BuildContext, Provider } from '../../../src/engine/runtime/provider.ts'
import { providers } from '../../../src/engine/runtime/providers.ts'
import { readSetupLog } from '../../../src/engine/runtime/setup-log.ts'
import { once } from '../../../src/engine/runtime/steps.ts'
import { machine, provider } from './machine.ts'

/** Builds in two steps and counts how often each really ran; the second fails while `obstacle` says so. */
function twoSteps(counts: { download: number; unpack: number }, obstacle: () => string | null = () => null): Provider {
  return provider('two-steps', {
    async build({ staging }: BuildContext) {
      const download = await once(staging, 'download', async folder => {
        counts.download++
        writeFileSync(join(folder, 'wheel'), 'wheel')
      })
      const unpacked = await once(staging, 'unpacked', async folder => {
        counts.unpack++
        mkdirSync(join(folder, 'lib'))
        writeFileSync(join(folder, 'lib', 'half.so'), 'ha')
        const reason = obstacle()
        if (reason) throw new Error(reason)
        writeFileSync(join(folder, 'lib', 'half.so'), 'half')
        writeFileSync(join(folder, 'lib', 'addon.node'), readFileSync(join(download, 'wheel')))
      })
      return { folder: unpacked, source: 'a test', tensorflow: '9.9', addon: 'lib/addon.node' }
    },
  })
}

const ids = (attempts: readonly { provider: string; outcome: string }[]) =>
  attempts.map(a => `${a.provider} ${a.outcome}`)

describe('the order of providers', () => {
  it('takes the first that can, and says why the others were left out', async () => {
    const environment = machine()
    const lines: string[] = []
    const table = [
      provider('never', { unsuitable: () => 'it is Tuesday' }),
      provider('broken'),
      twoSteps({ download: 0, unpack: 0 }),
      provider('late'),
    ]
    const engine = await provideEngine({ environment, providers: table, say: line => lines.push(line) })
    expect(engine.provider.id).toBe('two-steps')
    expect(ids(engine.attempts)).toEqual(['never skipped', 'broken failed', 'two-steps built'])
    expect(engine.attempts[0]?.detail).toBe('it is Tuesday')
    expect(lines).toEqual([
      'Engine: Provider broken',
      'That did not work: broken cannot build.',
      'Engine: Provider two-steps',
    ])
    expect((await readSetupLog(environment))?.attempts).toEqual(engine.attempts)
  })

  it('takes an intact engine from the cache before building anything', async () => {
    const environment = machine()
    const counts = { download: 0, unpack: 0 }
    const table = [provider('broken'), twoSteps(counts)]
    const first = await provideEngine({ environment, providers: table })
    const second = await provideEngine({ environment, providers: table })
    expect(second.folder).toBe(first.folder)
    expect(ids(second.attempts)).toEqual(['broken absent', 'two-steps cached'])
    expect(counts).toEqual({ download: 1, unpack: 1 })
  })

  it('reports every reason when none can', async () => {
    const environment = machine()
    const table = [provider('never', { unsuitable: () => 'it is Tuesday' }), provider('broken')]
    const failure = provideEngine({ environment, providers: table })
    await expect(failure).rejects.toMatchObject({ code: 'engine.install-failed' })
    await expect(failure).rejects.toThrow(/broken: broken cannot build\. \| never: it is Tuesday/)
    expect(ids((await readSetupLog(environment))?.attempts ?? [])).toEqual(['never skipped', 'broken failed'])
  })

  it('uses only the provider that ESPALIER_ENGINE names', async () => {
    const environment = machine()
    const variables = { ...environment.variables, ESPALIER_ENGINE: 'two-steps' }
    const table = [provider('broken'), twoSteps({ download: 0, unpack: 0 })]
    const engine = await provideEngine({ environment: { ...environment, variables }, providers: table })
    expect(engine.attempts.map(a => a.detail)[0]).toBe('ESPALIER_ENGINE asks for two-steps')
  })

  it.each<[string, Partial<Environment>, Record<string, RegExp | null>]>([
    ['Linux x64', {}, { 'wheel-cuda': /no NVIDIA GPU/, 'wheel-cpu': null, package: null }],
    ['Linux x64 with a GPU', { hasNvidiaGpu: () => true }, { 'wheel-cuda': null, 'wheel-cpu': null, package: null }],
    ['Linux x64, musl', { glibc: null }, { 'wheel-cuda': /GNU C/, 'wheel-cpu': /GNU C/, package: /GNU C/ }],
    ['Linux x64, old glibc', { glibc: '2.17' }, { 'wheel-cuda': /2\.27/, 'wheel-cpu': /has 2\.17/, package: null }],
    ['no AVX', { avx: false }, { 'wheel-cuda': /AVX/, 'wheel-cpu': /AVX/, package: /AVX/ }],
    ['Linux arm64', { arch: 'arm64' }, { 'wheel-cuda': /linux arm64/, 'wheel-cpu': /linux arm64/, package: null }],
    ['macOS', { platform: 'darwin', glibc: null }, { 'wheel-cpu': /darwin x64/, package: null }],
    ['Windows', { platform: 'win32', glibc: null }, { 'wheel-cpu': /win32 x64/, package: null }],
    [
      'FreeBSD',
      { platform: 'freebsd', glibc: null },
      { 'wheel-cpu': /freebsd/, package: /no download for freebsd x64/ },
    ],
  ])('on %s: the real table', (_, change, expected) => {
    const environment = machine(change)
    for (const [id, reason] of Object.entries(expected)) {
      const found = providers.find(p => p.id === id)?.unsuitable(environment)
      if (reason === null) expect(found, id).toBeNull()
      else expect(found, id).toMatch(reason)
    }
  })
})

describe('an interrupted set-up', () => {
  it('starts the unfinished step again and never redoes a finished one', async () => {
    const environment = machine()
    const counts = { download: 0, unpack: 0 }
    let obstacle: string | null = 'the power went out'
    const table = [twoSteps(counts, () => obstacle)]
    await expect(provideEngine({ environment, providers: table })).rejects.toThrow('the power went out')
    expect(readdirSync(enginesFolder(environment)).filter(name => !name.startsWith('.'))).toEqual(['last-setup.json'])
    obstacle = null
    const { folder } = await provideEngine({ environment, providers: table })
    expect(counts).toEqual({ download: 1, unpack: 2 })
    expect(readFileSync(join(folder, 'lib', 'half.so'), 'utf8')).toBe('half')
    expect(readdirSync(enginesFolder(environment)).filter(name => name.startsWith('.'))).toEqual([])
  })

  it('builds a damaged engine again, with a word', async () => {
    const environment = machine()
    const counts = { download: 0, unpack: 0 }
    const table = [twoSteps(counts)]
    const { folder } = await provideEngine({ environment, providers: table })
    writeFileSync(join(folder, 'lib', 'addon.node'), 'wheeL')
    const lines: string[] = []
    await provideEngine({ environment, providers: table, say: line => lines.push(line) })
    expect(lines[0]).toMatch(/^The engine in the cache is damaged: lib\/addon\.node does not match its checksum/)
    expect(readFileSync(join(folder, 'lib', 'addon.node'), 'utf8')).toBe('wheel')
    expect(counts.unpack).toBe(2)
  })

  it('is built once when two processes want it', async () => {
    const environment = machine()
    const counts = { download: 0, unpack: 0 }
    const options = { environment, providers: [twoSteps(counts)], poll: 5 }
    const [a, b] = await Promise.all([provideEngine(options), provideEngine(options)])
    expect(a.folder).toBe(b.folder)
    expect(counts).toEqual({ download: 1, unpack: 1 })
    expect(existsSync(join(enginesFolder(environment), '.lock'))).toBe(false)
  })
})

describe('a cache that cannot be written to', () => {
  it('is named, and no other provider is tried', async () => {
    const environment = machine()
    const full = provider('full', {
      build: () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })),
    })
    const attempt = provideEngine({ environment, providers: [full, twoSteps({ download: 0, unpack: 0 })] })
    await expect(attempt).rejects.toMatchObject({ code: 'disk.full', file: cacheFolder(environment) })
  })

  it('is named when it cannot even be made', async () => {
    const environment = machine()
    const file = join(environment.home, 'a-file')
    writeFileSync(file, '')
    const variables = { ESPALIER_CACHE: join(file, 'cache') }
    const attempt = provideEngine({ environment: { ...environment, variables }, providers: [provider('any')] })
    await expect(attempt).rejects.toMatchObject({ code: 'disk.read-only' })
  })
})

describe('the cache folder', () => {
  it.each<[string, Partial<Environment>, string]>([
    ['named', { variables: { ESPALIER_CACHE: '/elsewhere' } }, '/elsewhere'],
    ['XDG', { variables: { XDG_CACHE_HOME: '/xdg' } }, '/xdg/espalier'],
    ['Linux', { variables: {} }, '/home/me/.cache/espalier'],
    ['macOS', { variables: {}, platform: 'darwin' }, '/home/me/Library/Caches/espalier'],
    ['Windows', { variables: { LOCALAPPDATA: '/local' }, platform: 'win32' }, '/local/espalier/cache'],
  ])('%s', (_, change, expected) => {
    expect(cacheFolder(machine({ home: '/home/me', ...change }))).toBe(join(expected))
  })
})
