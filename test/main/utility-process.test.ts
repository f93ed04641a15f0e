import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createProbe } from '../../src/main/probe.ts'
import { startProcess } from '../../src/main/utility-process.ts'
import type { EngineExit, EngineProcess } from '../../src/studio/host.ts'
import { app, type FakeUtilityProcess, resetElectron, utilityProcess } from './fake-electron.ts'
import { settled } from './samples.ts'

vi.mock('electron', () => import('./fake-electron.ts'))

function start() {
  const engine: EngineProcess = startProcess('/app/engine.js', 'engine')
  const { child, ...fork } = utilityProcess.forks.at(-1) as (typeof utilityProcess.forks)[number]
  const lines: string[] = []
  const messages: unknown[] = []
  engine.onOutput(line => lines.push(line))
  engine.onMessage(message => messages.push(message))
  const exit = new Promise<EngineExit>(resolve => engine.onExit(resolve))
  return { engine, child, fork, lines, messages, exit }
}

const isEnded = async (child: FakeUtilityProcess) => {
  child.stdout?.end()
  child.stderr?.end()
}

describe('an engine process of the desktop', () => {
  beforeEach(resetElectron)

  it('is a utility process with piped outputs', () => {
    const { fork } = start()
    expect(fork.entry).toBe('/app/engine.js')
    expect(fork.options).toMatchObject({ stdio: 'pipe', serviceName: expect.stringMatching(/^Espalier engine \d+$/) })
  })

  it('passes messages both ways, and its pid when it has one', () => {
    const { engine, child, messages } = start()
    expect(engine.pid).toBeUndefined()
    child.pid = 4711
    expect(engine.pid).toBe(4711)
    engine.send({ type: 'stop' })
    expect(child.posted).toEqual([{ type: 'stop' }])
    child.emit('message', { type: 'ready' })
    expect(messages).toEqual([{ type: 'ready' }])
  })

  it('tells what native code wrote, to the last line, and its exit after that', async () => {
    const { child, lines, exit } = start()
    child.stdout?.write('one\ntw')
    child.stderr?.write('2026 E tensorflow: oops\n')
    await settled()
    const { stdout, stderr } = child
    child.exit(3)
    // What was still in the pipe arrives after Electron has let go of the streams.
    stdout?.end('o\nthree')
    stderr?.end()
    expect(await exit).toEqual({ code: 3, signal: null })
    expect(lines.sort()).toEqual(['2026 E tensorflow: oops', 'one', 'three', 'two'])
  })

  it('does not wait for a pipe that stays open', async () => {
    const { child, lines, exit } = start()
    child.stdout?.write('last words')
    child.exit(0)
    expect(await exit).toEqual({ code: 0, signal: null })
    expect(lines).toEqual(['last words'])
  })

  it('says why the system ended it', async () => {
    const { child, fork, exit } = start()
    const other = start()
    const name = fork.options['serviceName']
    app.emit('child-process-gone', {}, { type: 'Utility', name: 'Network Service', reason: 'crashed' })
    app.emit('child-process-gone', {}, { type: 'Utility', name, reason: 'oom' })
    await isEnded(child)
    child.exit(9)
    expect(await exit).toEqual({ code: 9, signal: null, reason: 'it ran out of memory' })
    await isEnded(other.child)
    other.child.exit(0)
    expect(await other.exit).toEqual({ code: 0, signal: null })
  })

  it('that V8 gives up on does not take the application along', async () => {
    const { child, lines } = start()
    child.emit('error', 'FatalError', 'v8::ToLocalChecked', '{}')
    expect(lines).toEqual(['FatalError at v8::ToLocalChecked'])
  })

  it('is ended at once, also when it has not quite begun', () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
    const { engine, child } = start()
    engine.kill()
    expect([child.kills, kill.mock.calls.length]).toEqual([0, 0])
    child.pid = 4711
    child.emit('spawn')
    expect(kill.mock.calls).toEqual([[4711, 'SIGKILL']])
    expect(child.kills).toBe(1)
    kill.mockImplementation(() => {
      throw Object.assign(new Error('gone'), { code: 'ESRCH' })
    })
    expect(() => engine.kill()).not.toThrow()
    kill.mockRestore()
  })
})

describe("the doctor's probe", () => {
  beforeEach(resetElectron)
  const last = () => (utilityProcess.forks.at(-1) as (typeof utilityProcess.forks)[number]).child

  it('gives the answer of its process, and ends that', async () => {
    const answer = createProbe('/app/probe.js')()
    last().emit('message', { tensorflowVersion: '2.21.0' })
    expect(await answer).toEqual({ tensorflowVersion: '2.21.0' })
    // It ends as soon as there is a process to end.
    last().emit('spawn')
    expect(last().kills).toBe(1)
  })

  it('that dies is an error with the last line it wrote', async () => {
    const answer = createProbe('/app/probe.js')()
    last().stderr?.write('loading\nlibtensorflow.so: wrong ELF class\n\n')
    await settled()
    await isEnded(last())
    last().exit(1)
    expect(await answer).toEqual({
      error: {
        code: 'engine.failed',
        message: 'The probe ended before it answered (status 1): libtensorflow.so: wrong ELF class',
      },
    })
  })

  it('that is silent is ended', async () => {
    vi.useFakeTimers()
    try {
      const answer = createProbe('/app/probe.js')()
      const child = last()
      await vi.advanceTimersByTimeAsync(120_000)
      child.pid = 4711
      const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
      child.emit('spawn')
      expect(kill).toHaveBeenCalledWith(4711, 'SIGKILL')
      kill.mockRestore()
      child.exit(9)
      await vi.runAllTimersAsync()
      expect(await answer).toMatchObject({ error: { code: 'engine.failed' } })
    } finally {
      vi.useRealTimers()
    }
  })
})
