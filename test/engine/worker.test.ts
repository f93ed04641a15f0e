import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openPort } from '../../src/engine/job-port.ts'
import type { FromEngine, Job, ToEngine } from '../../src/engine/protocol.ts'
import { createJob, temporaryFolder, writeCifar } from './small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { test: 2000 })
})
afterAll(() => rmSync(folder, { recursive: true }))

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A worker as the studio starts it. */
function start() {
  const child = fork('src/engine/worker.ts', [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  children.push(child)
  const messages: FromEngine[] = []
  const news = new EventEmitter()
  let stdout = ''
  child.stdout!.on('data', chunk => {
    stdout += chunk
  })
  child.on('message', (message: FromEngine) => {
    messages.push(message)
    news.emit('message')
  })
  const ended = once(child, 'close') as Promise<[number | null, string | null]>
  return {
    child,
    messages,
    ended,
    stdout: () => stdout,
    types: () => messages.map(({ type }) => type).filter(type => type !== 'prepare' && type !== 'progress'),
    send: (message: ToEngine) => child.send(message),
    async until(type: FromEngine['type']) {
      while (!messages.some(message => message.type === type)) await once(news, 'message')
    },
  }
}

/** Some seconds of work: 2,000 batches. */
const longJob = (): Job =>
  createJob(folder, data, [{ use: 'evaluate', batch: 1 }], { model: { architecture: 'resnet32-a' } })

describe('the process of a run', () => {
  it('works its job and ends', async () => {
    const worker = start()
    await worker.until('ready')
    const job = createJob(folder, data, [{ use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }])
    worker.send({ type: 'start', job })
    expect(await worker.ended).toEqual([0, null])
    expect(worker.types()).toEqual([
      'ready',
      'engine',
      'layers',
      'stage-started',
      'layers',
      'stage-finished',
      'stage-started',
      'stage-finished',
      'finished',
    ])
    expect(readdirSync(job.workDirectory)).toEqual(['stage-0.safetensors'])
    // Standard output may be a person's, or a program's that reads lines of JSON.
    expect(worker.stdout()).toBe('')
  })

  it('stops within a batch', async () => {
    const worker = start()
    await worker.until('ready')
    const job = longJob()
    worker.send({ type: 'start', job })
    await worker.until('progress')
    const asked = performance.now()
    worker.send({ type: 'stop' })
    await worker.until('stopped')
    expect(performance.now() - asked).toBeLessThan(1000)
    expect(await worker.ended).toEqual([0, null])
    expect(worker.types()).toEqual(['ready', 'engine', 'layers', 'stage-started', 'stopped'])
    expect(readdirSync(job.workDirectory)).toEqual([])
  })

  it('stops while it prepares, and before it has a job', async () => {
    const preparing = start()
    await preparing.until('ready')
    preparing.send({ type: 'start', job: longJob() })
    await preparing.until('prepare')
    preparing.send({ type: 'stop' })
    expect(await preparing.ended).toEqual([0, null])
    expect(preparing.messages.at(-1)).toEqual({ type: 'stopped' })

    const idle = start()
    await idle.until('ready')
    idle.send({ type: 'stop' })
    expect(await idle.ended).toEqual([0, null])
    expect(idle.messages).toEqual([{ type: 'ready' }, { type: 'stopped' }])
  })

  it('can be killed at any time, and ends when the studio is gone', async () => {
    const killed = start()
    await killed.until('ready')
    killed.send({ type: 'start', job: longJob() })
    await killed.until('progress')
    killed.child.kill('SIGKILL')
    expect(await killed.ended).toEqual([null, 'SIGKILL'])
    expect(killed.types()).not.toContain('stage-finished')

    const orphan = start()
    await orphan.until('ready')
    orphan.send({ type: 'start', job: longJob() })
    await orphan.until('progress')
    // Node tells `exit`, and no `close`, of a child whose channel this side has closed.
    const exit = once(orphan.child, 'exit')
    orphan.child.disconnect()
    expect(await exit).toEqual([0, null])
  })

  it('says what failed, in one message', async () => {
    const worker = start()
    await worker.until('ready')
    const absent = join(folder, 'absent')
    worker.send({ type: 'start', job: createJob(folder, absent, [{ use: 'evaluate' }]) })
    expect(await worker.ended).toEqual([1, null])
    expect(worker.messages.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'file.missing', message: expect.stringContaining(absent) },
    })
  })

  it('reports a fault of ours as one', async () => {
    const worker = start()
    await worker.until('ready')
    worker.send({ type: 'start', job: { runId: 'nonsense' } as Job })
    expect(await worker.ended).toEqual([1, null])
    expect(worker.messages.at(-1)).toMatchObject({ type: 'failed', error: { code: 'internal' } })
  })
})

describe('the port', () => {
  it('speaks through the parent port of an Electron utility process', async () => {
    const posted: unknown[] = []
    const parentPort = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => posted.push(message) })
    Object.assign(process, { parentPort })
    try {
      const port = openPort()
      const received: ToEngine[] = []
      port.onMessage(message => received.push(message))
      await port.send({ type: 'ready' })
      parentPort.emit('message', { data: { type: 'stop' }, ports: [] })
      expect(posted).toEqual([{ type: 'ready' }])
      expect(received).toEqual([{ type: 'stop' }])
    } finally {
      Reflect.deleteProperty(process, 'parentPort')
    }
  })
})
