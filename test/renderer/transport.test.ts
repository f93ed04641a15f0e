/** The window's two pipes, and the connection that comes back by itself. */
import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openWebSocket, portOf } from '../../src/renderer/src/transport.ts'
import { createClient, type Port, serveClient } from '../../src/shared/rpc.ts'
import { type ServedDouble, serveDouble } from './double/serve.ts'
import { StudioDouble } from './double/studio.ts'

const nodePort = (port: MessagePort): Port => portOf(port)

describe('the pipe over a MessagePort', () => {
  it('carries calls and events, and says when the other end is gone', async () => {
    const studio = new StudioDouble({ stepMs: 0 })
    const { port1, port2 } = new MessageChannel()
    serveClient(nodePort(port2 as unknown as MessagePort), studio)
    const client = createClient(nodePort(port1 as unknown as MessagePort))
    const events: string[] = []
    client.onEvent(event => events.push(event.type))
    expect((await client.call('library.list', {})).models).toHaveLength(2)
    await client.call('library.remove', { kind: 'model', id: 'm2' })
    expect((await client.call('library.list', {})).models).toHaveLength(1)
    expect(events).toContain('library.changed')
    const gone = new Promise<void>(resolve => client.onClose(resolve))
    port2.close()
    await gone
    await expect(client.call('run.list', {})).rejects.toMatchObject({ code: 'contract.closed' })
  })
})

describe('the connection over a WebSocket', () => {
  let studio: StudioDouble
  let served: ServedDouble
  beforeEach(async () => {
    vi.resetModules()
    studio = new StudioDouble({ stepMs: 0 })
    served = await serveDouble(studio, '.')
  })
  afterEach(() => served.close())

  const address = () => served.url.replace('http', 'ws').concat('rpc')
  const fresh = () => import('../../src/renderer/src/connection.ts')
  const until = (holds: () => boolean) => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 5000, interval: 10 })

  it('rejects what was asked when it breaks, comes back, and says so to those who show state', async () => {
    const connection = await fresh()
    let opened = 0
    connection.onOpen(() => opened++)
    connection.keepConnected(() => openWebSocket(address()))
    await until(() => opened === 1)
    expect(connection.connectionState.value).toBe('open')
    expect((await connection.call('studio.info', {})).version).toBe('0.1.0')

    served.drop()
    await until(() => connection.connectionState.value === 'lost')
    expect(connection.lostAt.value).not.toBeNull()
    await expect(connection.call('run.list', {})).rejects.toMatchObject({ code: 'contract.closed' })

    await until(() => opened === 2)
    expect(connection.lostAt.value).toBeNull()
    const heard: string[] = []
    connection.onEvent(event => heard.push(event.type))
    studio.emit({ type: 'recipe.changed' })
    await until(() => heard.length === 1)
  })

  it('keeps trying when nothing answers', async () => {
    const connection = await fresh()
    let tries = 0
    connection.keepConnected(() => {
      tries++
      return tries < 3 ? Promise.reject(new Error('refused')) : openWebSocket(address())
    })
    await until(() => connection.connectionState.value === 'open')
    expect(tries).toBe(3)
  })
})
