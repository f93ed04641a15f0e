/** A browser's WebSocket as a `Port` of the contract, with a limit to what waits for a browser that cannot keep up. */
import type { WebSocket } from 'ws'
import { z } from 'zod'
import type { Port } from '../shared/rpc.ts'

/** Bytes waiting for the browser from which progress is thinned out, and from which it is given up. */
export interface SocketLimits {
  readonly thinAbove: number
  readonly closeAbove: number
}

const defaultLimits: SocketLimits = { thinAbove: 2 ** 20, closeAbove: 64 * 2 ** 20 }

/** "Try again later": the browser fell too far behind. */
const tooSlow = 1013
const notOurs = 1007
const lookMs = 50

const progressMessage = z.object({
  type: z.literal('event'),
  event: z.object({ type: z.literal('run.progress'), progress: z.object({ runId: z.string() }) }),
})
const changeMessage = z.object({
  type: z.literal('event'),
  event: z.object({ type: z.literal('run.changed'), run: z.object({ id: z.string() }) }),
})

export function socketPort(socket: WebSocket, { thinAbove, closeAbove }: SocketLimits = defaultLimits): Port {
  /** The newest progress of each run, not sent yet. */
  const held = new Map<string, unknown>()
  let timer: NodeJS.Timeout | undefined

  function send(message: unknown): void {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > closeAbove) socket.close(tooSlow, 'The window fell too far behind.')
    else socket.send(JSON.stringify(message))
  }

  function release(): void {
    if (socket.readyState !== socket.OPEN || socket.bufferedAmount > thinAbove) return
    clearInterval(timer)
    timer = undefined
    const messages = [...held.values()]
    held.clear()
    for (const message of messages) send(message)
  }

  return {
    send(message) {
      const progress = progressMessage.safeParse(message)
      if (progress.success && socket.bufferedAmount > thinAbove) {
        held.set(progress.data.event.progress.runId, message)
        timer ??= setInterval(release, lookMs)
        return
      }
      const change = changeMessage.safeParse(message)
      // Progress of before a change must not arrive after it.
      if (change.success) held.delete(change.data.event.run.id)
      send(message)
    },
    onMessage(listener) {
      socket.on('message', (data, isBinary) => {
        const message = isBinary ? undefined : parse(String(data))
        if (message === undefined) socket.close(notOurs, 'Not a message of the contract.')
        else listener(message)
      })
    },
    onClose(listener) {
      socket.once('close', () => {
        clearInterval(timer)
        held.clear()
        listener()
      })
    },
    close: () => socket.close(),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return
  }
}
