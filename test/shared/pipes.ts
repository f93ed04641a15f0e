/** Pipes that need no host. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Port } from '../../src/shared/rpc.ts'

/** Two ends in one process. Messages are copied and arrive later, as over any pipe. */
export function createPipe(): [Port, Port] {
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []]
  const closeListeners: (() => void)[] = []
  let isOpen = true
  const end = (mine: 0 | 1): Port => ({
    send(message) {
      const copy = structuredClone(message)
      queueMicrotask(() => {
        if (isOpen) for (const listener of listeners[mine === 0 ? 1 : 0]) listener(copy)
      })
    },
    onMessage: listener => void listeners[mine].push(listener),
    onClose: listener => void closeListeners.push(listener),
    close() {
      if (!isOpen) return
      isOpen = false
      for (const listener of closeListeners) listener()
    },
  })
  return [end(0), end(1)]
}

/** The ports of worker_threads, which are those of browsers and Electron in all that the contract needs. */
export function createMessageChannel(): [Port, Port] {
  const { port1, port2 } = new MessageChannel()
  return [toPort(port1), toPort(port2)]
}

const toPort = (port: MessagePort): Port => ({
  send: message => port.postMessage(message),
  onMessage: listener => void port.on('message', listener),
  onClose: listener => void port.on('close', listener),
  close: () => port.close(),
})
