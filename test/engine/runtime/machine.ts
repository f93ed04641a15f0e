/** Machines that do not exist, for tests of the engine's set-up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { CommandResult, Environment } from '../../../src/engine/runtime/environment.ts'
import type { Provider } from '../../../src/engine/runtime/provider.ts'

const folders: string[] = []

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A fresh folder that is gone when the test file is through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'))
  folders.push(folder)
  return folder
}

/** A Linux x64 machine with Python, pip and g++, no GPU, and a fresh cache. `run` answers nothing unless it is given. */
export function machine(change: Partial<Environment> = {}): Environment {
  const folder = temporaryFolder()
  return {
    platform: 'linux',
    arch: 'x64',
    variables: { ESPALIER_CACHE: join(folder, 'cache') },
    home: folder,
    glibc: '2.36',
    avx: true,
    packageFolder: join(folder, 'node_modules', '@tensorflow', 'tfjs-node-gpu'),
    hasNvidiaGpu: () => false,
    which: program => (['python3', 'g++'].includes(program) ? `/usr/bin/${program}` : null),
    run: async () => succeeded(),
    ...change,
  }
}

export function succeeded(stdout = ''): CommandResult {
  return { status: 0, stdout, stderr: '' }
}

export function failed(stderr: string): CommandResult {
  return { status: 1, stdout: '', stderr }
}

/** What is known of a program that is not there. */
export const cannotStart: CommandResult = { status: null, stdout: '', stderr: 'not found' }

export function provider(id: string, change: Partial<Provider> = {}): Provider {
  return {
    id,
    label: `Provider ${id}`,
    revision: 1,
    unsuitable: () => null,
    build: () => Promise.reject(new Error(`${id} cannot build`)),
    ...change,
  }
}
