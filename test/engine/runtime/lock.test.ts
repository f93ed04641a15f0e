import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withLock } from '../../../src/engine/runtime/lock.ts'
import { temporaryFolder } from './machine.ts'

const quick = { poll: 5 }
const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

it('lets one in at a time, and tells the others who is in', async () => {
  const file = join(temporaryFolder(), 'sub', '.lock')
  let inside = 0
  let most = 0
  const waits: string[] = []
  const work = async () => {
    inside++
    most = Math.max(most, inside)
    await pause(15)
    inside--
  }
  const options = { ...quick, onWait: (owner: string) => waits.push(owner) }
  await Promise.all(Array.from({ length: 5 }, () => withLock(file, work, options)))
  expect(most).toBe(1)
  expect(waits).toContain(`process ${process.pid}`)
  expect(waits).toHaveLength(4)
  expect(existsSync(file)).toBe(false)
})

it('is released when the work fails', async () => {
  const file = join(temporaryFolder(), '.lock')
  await expect(withLock(file, () => Promise.reject(new Error('no')), quick)).rejects.toThrow('no')
  await expect(withLock(file, async () => 1, quick)).resolves.toBe(1)
})

it('is taken over from a process that is gone', async () => {
  const file = join(temporaryFolder(), '.lock')
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(file, JSON.stringify({ pid, host: hostname() }))
  await expect(withLock(file, async () => 'mine', quick)).resolves.toBe('mine')
})

it('is taken over by one of many that find it abandoned', async () => {
  for (let round = 0; round < 20; round++) {
    const file = join(temporaryFolder(), '.lock')
    writeFileSync(file, JSON.stringify({ pid: 1, host: 'elsewhere' }))
    utimesSync(file, 1, 1)
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await pause(2)
      inside--
    }
    await Promise.all(Array.from({ length: 12 }, () => withLock(file, work, { poll: 1 })))
    expect(most).toBe(1)
    expect(readdirSync(join(file, '..'))).toEqual([])
  }
})

it('is taken over from another machine only after a long silence', async () => {
  const file = join(temporaryFolder(), '.lock')
  writeFileSync(file, JSON.stringify({ pid: 1, host: 'elsewhere' }))
  const waits: string[] = []
  const taken = withLock(file, async () => 'mine', { ...quick, onWait: owner => waits.push(owner) })
  await pause(40)
  expect(waits).toEqual(['process 1 on elsewhere'])
  const longAgo = new Date(Date.now() - 61_000)
  utimesSync(file, longAgo, longAgo)
  await expect(taken).resolves.toBe('mine')
})
