import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { describeSelf, isAlive, silenceMs } from '../../src/studio/owner.ts'
import type { Owner } from '../../src/studio/project/owners.ts'

const now = 1_000_000_000
const self = (changes: Partial<Owner> = {}): Owner => ({
  ...describeSelf('terminal', now),
  heardAt: now,
  closedAt: null,
  ...changes,
})

it('a process that goes on is alive, however long it was silent', () => {
  expect(isAlive(self(), now)).toBe(true)
  expect(isAlive(self({ heardAt: now - 10 * silenceMs }), now)).toBe(
    process.platform === 'linux' || process.platform === 'darwin',
  )
})

it('one that closed the project is not working in it', () => {
  expect(isAlive(self({ closedAt: now }), now)).toBe(false)
})

it('a process id that was given again is somebody else', () => {
  expect(isAlive(self({ processStarted: '1' }), now)).toBe(false)
})

it('one of another machine is judged by when it was last heard of', () => {
  expect(isAlive(self({ machine: 'elsewhere', pid: 1 }), now)).toBe(true)
  expect(isAlive(self({ machine: 'elsewhere', pid: 1, heardAt: now - silenceMs }), now)).toBe(false)
})

it('where the start of a process is not known, silence tells', () => {
  expect(isAlive(self({ processStarted: null }), now)).toBe(true)
  expect(isAlive(self({ processStarted: null, heardAt: now - silenceMs }), now)).toBe(false)
})

it('a killed process is dead, also while its parent has not asked about it', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const owner = self({ pid: child.pid!, processStarted: null })
  expect(isAlive(owner, now)).toBe(true)
  child.kill('SIGKILL')
  await new Promise(resolve => child.once('exit', resolve))
  expect(isAlive(owner, now)).toBe(false)
})

// A shell that starts a child, then becomes a program that never waits for it, leaves a zombie.
it.skipIf(process.platform !== 'linux')('a zombie is dead', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 5'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const pid = Number(await new Promise(resolve => parent.stdout.once('data', data => resolve(String(data)))))
  await new Promise(resolve => setTimeout(resolve, 200))
  expect(() => process.kill(pid, 0)).not.toThrow()
  expect(isAlive(self({ pid, processStarted: '1' }), now)).toBe(false)
  parent.kill('SIGKILL')
})
