import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { socketPort } from '../../src/server/socket-port.ts'

/** A socket whose browser takes nothing until it is told to. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  bufferedAmount = 0
  readonly sent: unknown[] = []
  closedWith: number | undefined

  send(text: string): void {
    this.sent.push(JSON.parse(text))
    this.bufferedAmount += text.length
  }

  close(code?: number): void {
    this.readyState = 3
    this.closedWith = code
    this.emit('close')
  }
}

const progress = (runId: string, done: number) => ({
  type: 'event',
  event: { type: 'run.progress', progress: { runId, done } },
})
const log = (text: string) => ({ type: 'event', event: { type: 'run.log', runId: 'r', at: 1, text } })
const changed = (id: string) => ({ type: 'event', event: { type: 'run.changed', run: { id } } })

function port() {
  const socket = new SlowSocket()
  return { socket, port: socketPort(socket as unknown as WebSocket, { thinAbove: 100, closeAbove: 10_000 }) }
}

it('a browser that keeps up gets everything', () => {
  const { socket, port: p } = port()
  for (let done = 0; done < 20; done++) {
    p.send(progress('a', done))
    socket.bufferedAmount = 0
  }
  expect(socket.sent).toHaveLength(20)
})

it('one that does not gets everything but old progress, and the newest of each run when it catches up', async () => {
  const { socket, port: p } = port()
  socket.bufferedAmount = 200
  for (let done = 0; done < 50; done++) {
    p.send(progress('a', done))
    p.send(progress('b', done))
  }
  p.send(log('kept'))
  expect(socket.sent).toEqual([log('kept')])
  socket.bufferedAmount = 0
  await new Promise(resolve => setTimeout(resolve, 150))
  expect(socket.sent).toEqual([log('kept'), progress('a', 49), progress('b', 49)])
})

it('progress of before a change of the run does not arrive after it', async () => {
  const { socket, port: p } = port()
  socket.bufferedAmount = 200
  p.send(progress('a', 1))
  p.send(changed('a'))
  socket.bufferedAmount = 0
  await new Promise(resolve => setTimeout(resolve, 150))
  expect(socket.sent).toEqual([changed('a')])
})

it('one that falls too far behind is disconnected and told to come again', () => {
  const { socket, port: p } = port()
  socket.bufferedAmount = 10_001
  p.send(log('one more'))
  expect(socket.closedWith).toBe(1013)
  p.send(log('after that'))
  expect(socket.sent).toEqual([])
})
