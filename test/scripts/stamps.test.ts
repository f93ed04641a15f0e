import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildableKind, buildIsCurrent, fingerprint, missingForBuild } from '../../scripts/lib/build.mjs'
import { dependencyState, projectEnvironment, writeStamp } from '../../scripts/lib/dependencies.mjs'

let folder: string

function write(path: string, text = ''): void {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-test-'))
  write('package-lock.json', '{"a":1}')
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('dependencies', () => {
  it('are installed the first time, then only when the lock file or the machine changes', () => {
    expect(dependencyState(folder)).toBe('fresh')
    mkdirSync(join(folder, 'node_modules'))
    expect(dependencyState(folder)).toBe('stale')
    writeStamp(folder)
    expect(dependencyState(folder)).toBe('current')
    expect(dependencyState(folder, { platform: 'sunos', arch: 'x64' })).toBe('stale')
    write('package-lock.json', '{"a":2}')
    expect(dependencyState(folder)).toBe('stale')
  })

  it("put the project's tools first, once", () => {
    const env = projectEnvironment({ PATH: '/usr/bin', OTHER: 'kept' })
    expect(env['PATH']).toMatch(/node_modules.\.bin.\/usr\/bin$/)
    expect(projectEnvironment(env)).toEqual(env)
    expect(env['OTHER']).toBe('kept')
  })
})

describe('the build', () => {
  const electron = ['electron.vite.config.ts', 'src/main/index.ts', 'src/preload/index.ts']
  const window = ['renderer.vite.config.ts', 'src/renderer/index.html']

  it('says what is missing, and builds the window alone without the desktop host', () => {
    expect(buildableKind(folder)).toBeNull()
    expect(missingForBuild('window', folder)).toEqual(window)
    for (const file of window) write(file)
    expect(buildableKind(folder)).toBe('window')
    expect(missingForBuild('electron', folder)).toEqual(electron)
    for (const file of electron) write(file)
    expect(buildableKind(folder)).toBe('electron')
  })

  it('is out of date when a source is changed, added or removed', () => {
    for (const file of window) write(file)
    expect(buildIsCurrent(folder)).toBe(false)
    const seen = new Set([fingerprint(folder)])
    const isNew = () => seen.size !== seen.add(fingerprint(folder)).size
    expect(isNew()).toBe(false)
    write('src/renderer/src/App.vue', 'a')
    expect(isNew()).toBe(true)
    utimesSync(join(folder, 'src/renderer/src/App.vue'), new Date(), new Date(0))
    expect(isNew()).toBe(true)
    rmSync(join(folder, 'src/renderer/src/App.vue'))
    write('src/renderer/other.vue', 'a')
    expect(isNew()).toBe(true)
    write('out/.fingerprint', fingerprint(folder))
    expect(buildIsCurrent(folder)).toBe(true)
  })
})
