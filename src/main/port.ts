/** The main process's end of a window's MessagePort, as a `Port` of the contract. */
import type { MessagePortMain } from 'electron'
import type { Port } from '../shared/rpc.ts'

export function portOf(port: MessagePortMain): Port {
  let isOpen = true
  let onClose = () => {}
  // Electron tells when the window's end is gone: closed, reloaded or crashed. Once, whoever closes first.
  const closed = () => {
    if (!isOpen) return
    isOpen = false
    onClose()
  }
  port.on('close', closed)
  return {
    send(message) {
      if (isOpen) port.postMessage(message)
    },
    onMessage(listener) {
      port.on('message', event => listener(event.data))
      // Messages wait in the port until now.
      port.start()
    },
    onClose(listener) {
      onClose = listener
    },
    close() {
      port.close()
      closed()
    },
  }
}
