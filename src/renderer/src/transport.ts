/** The two pipes to the studio as `Port`s: a WebSocket (browser host) and a MessagePort (desktop host). */
import { type DesktopBridge, portMessage } from '../../shared/bridge.ts'
import type { Port } from '../../shared/rpc.ts'

/** Resolves when the socket is open; rejects when it closes before that. */
export function openWebSocket(url: string): Promise<Port> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    let onMessage: (message: unknown) => void = () => {}
    let onClose: (() => void) | undefined
    socket.onmessage = event => onMessage(JSON.parse(String(event.data)))
    socket.onclose = () => {
      reject(new Error('The socket closed before it opened.'))
      onClose?.()
    }
    socket.onopen = () =>
      resolve({
        send: message => {
          // A socket that is closing drops what it is given; `onClose` answers the waiting calls.
          if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
        },
        onMessage: listener => {
          onMessage = listener
        },
        onClose: listener => {
          onClose = listener
          if (socket.readyState >= WebSocket.CLOSING) listener()
        },
        close: () => socket.close(),
      })
  })
}

/** Asks the preload for a pipe and waits for the port it hands over. */
export function openMessagePort(bridge: DesktopBridge<File>): Promise<Port> {
  return new Promise(resolve => {
    const receive = (event: MessageEvent) => {
      const [port] = event.ports
      if (event.source !== window || event.data !== portMessage || !port) return
      window.removeEventListener('message', receive)
      resolve(portOf(port))
    }
    window.addEventListener('message', receive)
    bridge.connect()
  })
}

export function portOf(port: MessagePort): Port {
  return {
    send: message => port.postMessage(message),
    onMessage: listener => {
      port.onmessage = event => listener(event.data)
    },
    // Chromium's MessagePort tells when the other end is gone.
    onClose: listener => port.addEventListener('close', listener),
    close: () => port.close(),
  }
}
