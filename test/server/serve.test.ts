/** The whole browser host, as a process: from its address to its end, with the real engine where there is one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../../src/server/serve.ts'
import { type Client, createClient } from '../../src/shared/rpc.ts'
import { makeCifar, makeModel } from '../cli/made-inputs.ts'
import { hasEngine } from '../has-engine.ts'
import { temporaryFolder } from '../temporary.ts'

interface Served {
  readonly child: ChildProcess
  readonly origin: string
  readonly cookie: string
  connect(): Promise<Client>
  end(signal: NodeJS.Signals): Promise<number | null>
}

async function startServe(folder: string): Promise<Served> {
  const windowFolder = join(folder, 'window')
  mkdirSync(windowFolder, { recursive: true })
  writeFileSync(join(windowFolder, 'index.html'), '<!doctype html>')
  const script = fileURLToPath(new URL('serving.ts', import.meta.url))
  const child = spawn(process.execPath, [script, join(folder, 'p.espalier'), windowFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ESPALIER_DATA: join(folder, 'data') },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = await new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data).trim())))
  const { origin } = new URL(url)
  const entered = await fetch(url, { redirect: 'manual' })
  const cookie = entered.headers.get('set-cookie')!.split(';')[0]!
  return {
    child,
    origin,
    cookie,
    async connect() {
      const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`, { headers: { cookie, origin } })
      await new Promise((resolve, reject) => {
        socket.once('open', resolve)
        socket.once('error', reject)
      })
      return createClient({
        send: message => socket.send(JSON.stringify(message)),
        onMessage: listener => void socket.on('message', data => listener(JSON.parse(String(data)))),
        onClose: listener => void socket.on('close', listener),
        close: () => socket.close(),
      })
    },
    end(signal) {
      const gone = new Promise<number | null>(resolve => child.once('exit', resolve))
      child.kill(signal)
      return gone
    },
  }
}

it('says its address, serves the page, and ends properly: one project file is left', async () => {
  const folder = temporaryFolder()
  const served = await startServe(folder)
  const page = await fetch(`${served.origin}/`, { headers: { cookie: served.cookie } })
  expect(await page.text()).toBe('<!doctype html>')
  const client = await served.connect()
  const info = await client.call('studio.info', {})
  expect(info).toMatchObject({ host: 'browser', acceptsPaths: true, project: { name: 'p' } })
  const closed = new Promise<void>(resolve => client.onClose(resolve))
  expect(await served.end('SIGTERM')).toBe(0)
  await closed
  expect(readdirSync(folder).filter(name => name.startsWith('p.'))).toEqual(['p.espalier'])
})

it('refuses to serve a window that was not built, and makes no project', async () => {
  const folder = temporaryFolder()
  const options = { project: join(folder, 'p.espalier'), open: false, say: () => {} }
  await expect(serve(options, join(folder, 'none'))).rejects.toMatchObject({ code: 'file.missing' })
  expect(readdirSync(folder)).toEqual([])
})

it('a dropped folder is uploaded, imported under its name, and still there in the next session', async () => {
  const folder = temporaryFolder()
  const served = await startServe(folder)
  const data = makeCifar(join(folder, 'cifar'), { train: 20, test: 10 })
  const { readFileSync } = await import('node:fs')
  const files = readdirSync(data).map(name => ({ name, bytes: readFileSync(join(data, name)) }))
  const request = (path: string, method: string, body?: string | Buffer) =>
    fetch(served.origin + path, {
      method,
      headers: { cookie: served.cookie, origin: served.origin },
      ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
    })
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  const begun = await request('/upload', 'POST', JSON.stringify({ files: files.length, bytes }))
  const { upload } = (await begun.json()) as { upload: string }
  for (const file of files) {
    expect((await request(`/upload/${upload}/my%20cifar/${file.name}`, 'PUT', file.bytes)).status).toBe(204)
  }
  const { grant } = (await (await request(`/upload/${upload}/finish`, 'POST')).json()) as { grant: string }
  const client = await served.connect()
  const item = await client.call('library.import', { source: { grant } })
  expect(item).toMatchObject({ kind: 'dataset', dataset: { name: 'my cifar', missing: false } })
  await served.end('SIGTERM')
  const later = await startServe(folder)
  const { datasets } = await (await later.connect()).call('library.list', {})
  expect(datasets).toMatchObject([{ name: 'my cifar', missing: false }])
})

describe.skipIf(!hasEngine)('with runs (needs the TensorFlow engine)', () => {
  /** Starts an evaluation that takes a good while, seen by two windows. */
  async function startLong(folder: string) {
    const served = await startServe(folder)
    makeCifar(join(folder, 'many'), { train: 1, test: 9000 })
    makeModel(join(folder, 'net.safetensors'))
    const first = await served.connect()
    const second = await served.connect()
    const working = new Promise<void>(resolve =>
      second.onEvent(event => {
        if (event.type === 'run.progress' && event.progress.stage === 0) resolve()
      }),
    )
    const document = {
      model: { checkpoint: join(folder, 'net.safetensors') },
      data: { path: join(folder, 'many') },
      stages: [{ use: 'evaluate', batch: 1 }],
    }
    const { runs } = await first.call('run.start', { document })
    await working
    return { served, first, second, id: runs[0]!.id }
  }

  it('a reloaded window finds the run as it is; stopping it from there is seen by the other', async () => {
    const { served, first, second, id } = await startLong(temporaryFolder())
    first.close()
    const reloaded = await served.connect()
    const detail = await reloaded.call('run.get', { id })
    expect(detail.run.state).toBe('running')
    expect(detail.progress?.stage).toBe(0)
    const stopped = new Promise<void>(resolve =>
      second.onEvent(event => {
        if (event.type === 'run.changed' && event.run.state === 'stopped') resolve()
      }),
    )
    expect((await reloaded.call('run.stop', { id })).state).toBe('stopped')
    await stopped
    expect(await served.end('SIGINT')).toBe(0)
  })

  it('ended during a run: the run is stopped, and says why', async () => {
    const folder = temporaryFolder()
    const { served, id } = await startLong(folder)
    expect(await served.end('SIGTERM')).toBe(0)
    const client = await (await startServe(folder)).connect()
    const { run, log } = await client.call('run.get', { id })
    expect(run.state).toBe('stopped')
    expect(log.at(-1)!.text).toBe('The server was ended.')
  })

  it('killed during a run: the next server says interrupted', async () => {
    const folder = temporaryFolder()
    const { served, id } = await startLong(folder)
    await served.end('SIGKILL')
    const client = await (await startServe(folder)).connect()
    const { run } = await client.call('run.get', { id })
    expect(run).toMatchObject({ state: 'interrupted', error: { code: 'run.died' } })
    expect(run.stages[0]!.state).toBe('interrupted')
  })
})
