/**
 * The one living connection to the studio. It comes back by itself; whoever shows state registers `onOpen` and asks
 * for it again then, because nothing that happened in between was heard.
 */
import { ref } from 'vue'
import type { CallName, ParamsInput, Result, StudioEvent } from '../../shared/contract.ts'
import { EspalierError } from '../../shared/errors.ts'
import { type Client, createClient, type Port } from '../../shared/rpc.ts'

const retryMs = [250, 500, 1000, 2000, 4000]

/** `connecting` at first, `lost` after a connection broke or could not be made. */
export const connectionState = ref<'connecting' | 'open' | 'lost'>('connecting')

/** When the connection was lost; null while there is one. */
export const lostAt = ref<number | null>(null)

let client: Client | undefined
const openListeners = new Set<() => void>()
const eventListeners = new Set<(event: StudioEvent) => void>()

/** Keeps a connection for as long as the window lives. */
export function keepConnected(open: () => Promise<Port>): void {
  let attempt = 0
  const again = () => {
    client = undefined
    connectionState.value = 'lost'
    lostAt.value ??= Date.now()
    const wait = retryMs[Math.min(attempt++, retryMs.length - 1)]
    setTimeout(connect, wait)
  }
  const connect = () => {
    open().then(port => {
      attempt = 0
      client = createClient(port)
      client.onEvent(event => {
        for (const listener of eventListeners) listener(event)
      })
      client.onClose(again)
      connectionState.value = 'open'
      lostAt.value = null
      for (const listener of openListeners) listener()
    }, again)
  }
  connect()
}

export function call<N extends CallName>(
  name: N,
  params: ParamsInput<N>,
  options?: { signal?: AbortSignal },
): Promise<Result<N>> {
  if (client) return client.call(name, params, options)
  return Promise.reject(
    new EspalierError({
      code: 'contract.closed',
      message: 'The window has no connection to the studio at the moment.',
      hint: 'It reconnects by itself when the studio is running; then try again.',
    }),
  )
}

/** Called at every new connection, and at once when there is one. */
export function onOpen(listener: () => void): void {
  openListeners.add(listener)
  if (client) listener()
}

export function onEvent(listener: (event: StudioEvent) => void): void {
  eventListeners.add(listener)
}
