/**
 * The contract over any pipe that carries plain data: a MessagePort, a WebSocket, or two functions in one process.
 * A call is answered once, with a result or with error data; a client that goes away cancels what it asked for.
 * Parameters are validated where they arrive, so a window can send nothing that the contract does not name.
 */
import { z } from 'zod'
import {
  type CallName,
  calls,
  eventSchema,
  type Handlers,
  type ParamsInput,
  type Result,
  type StudioEvent,
} from './contract.ts'
import { EspalierError, errorDataSchema, fromErrorData, toErrorData } from './errors.ts'

/** One end of a pipe. `onMessage` and `onClose` take one listener each. */
export interface Port {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
  close(): void
}

const callMessage = z.strictObject({ type: z.literal('call'), id: z.int(), name: z.string(), params: z.unknown() })
const cancelMessage = z.strictObject({ type: z.literal('cancel'), id: z.int() })
const toStudio = z.discriminatedUnion('type', [callMessage, cancelMessage])
const fromStudio = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('result'), id: z.int(), result: z.unknown() }),
  z.strictObject({ type: z.literal('error'), id: z.int(), error: errorDataSchema }),
  z.strictObject({ type: z.literal('event'), event: eventSchema }),
])

export interface Client {
  /** Rejects with the studio's `EspalierError`, or `contract.closed` if the pipe closes first. */
  call<N extends CallName>(name: N, params: ParamsInput<N>, options?: { signal?: AbortSignal }): Promise<Result<N>>
  /** Returns the way to stop listening. */
  onEvent(listener: (event: StudioEvent) => void): () => void
  onClose(listener: () => void): void
  close(): void
}

const closed = () =>
  new EspalierError({
    code: 'contract.closed',
    message: 'The connection to the studio is closed.',
    hint: 'Reload the window.',
  })

export function createClient(port: Port): Client {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  const listeners = new Set<(event: StudioEvent) => void>()
  const closeListeners = new Set<() => void>()
  let nextId = 1
  let isOpen = true

  port.onMessage(raw => {
    const message = fromStudio.parse(raw)
    if (message.type === 'event') {
      for (const listener of listeners) listener(message.event)
      return
    }
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.type === 'error') call?.reject(fromErrorData(message.error))
    else call?.resolve(message.result as never)
  })
  port.onClose(() => {
    isOpen = false
    for (const call of waiting.values()) call.reject(closed())
    waiting.clear()
    for (const listener of closeListeners) listener()
  })

  return {
    call(name, params, options) {
      if (!isOpen) return Promise.reject(closed())
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: resolve as (value: never) => void, reject })
        options?.signal?.addEventListener('abort', () => isOpen && port.send({ type: 'cancel', id }), { once: true })
        port.send({ type: 'call', id, name, params })
      })
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose: listener => closeListeners.add(listener),
    close: () => port.close(),
  }
}

/** Answers calls that arrive at `port` and passes on events until the port closes. */
export function serveClient(
  port: Port,
  studio: { handlers: Handlers; onEvent: (listener: (event: StudioEvent) => void) => () => void },
): void {
  const running = new Map<number, AbortController>()
  const stopEvents = studio.onEvent(event => port.send({ type: 'event', event }))
  let isOpen = true

  async function answer(name: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (!Object.hasOwn(calls, name)) {
      throw new EspalierError({ code: 'contract.unknown-call', message: `"${name}" is not a call of the studio.` })
    }
    const parsed = calls[name as CallName].params.safeParse(params)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new EspalierError({
        code: 'contract.invalid-params',
        message: `The parameters of "${name}" do not fit: ${issue?.path.join('.')} ${issue?.message}.`,
      })
    }
    const handler = studio.handlers[name as CallName] as (params: unknown, context: { signal: AbortSignal }) => unknown
    return handler(parsed.data, { signal })
  }

  port.onMessage(raw => {
    const parsed = toStudio.safeParse(raw)
    if (!parsed.success) return port.close()
    const message = parsed.data
    if (message.type === 'cancel') return running.get(message.id)?.abort()
    const { id, name, params } = message
    const controller = new AbortController()
    running.set(id, controller)
    answer(name, params, controller.signal)
      .then(
        result => isOpen && port.send({ type: 'result', id, result }),
        thrown => isOpen && port.send({ type: 'error', id, error: toErrorData(thrown) }),
      )
      .finally(() => running.delete(id))
  })
  port.onClose(() => {
    isOpen = false
    stopEvents()
    for (const controller of running.values()) controller.abort()
  })
}
