/** The line to the studio: IPC of a forked Node process, or the parent port of an Electron utility process. */
import type { FromEngine, ToEngine } from './protocol.ts'

export interface Port {
  /** Resolves when the message is on its way: after that the process may end. */
  send(message: FromEngine): Promise<void>
  onMessage(listener: (message: ToEngine) => void): void
  /** The other side is gone. */
  onClose(listener: () => void): void
}

/** Electron's `process.parentPort`, as far as it is used. A utility process ends with its parent by itself. */
interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
}

/** Electron posts without saying when the message has left; it is given this long. */
const postMs = 100

export function openPort(): Port {
  const { parentPort } = process as typeof process & { readonly parentPort?: ParentPort }
  if (parentPort) return electronPort(parentPort)
  if (process.send) return forkPort()
  throw new Error('this file is the entry of a process that the studio starts')
}

function electronPort(port: ParentPort): Port {
  return {
    send(message) {
      port.postMessage(message)
      return new Promise(resolve => setTimeout(resolve, postMs))
    },
    onMessage: listener => port.on('message', ({ data }) => listener(data as ToEngine)),
    onClose: () => {},
  }
}

function forkPort(): Port {
  return {
    // A message that cannot be sent has nobody to miss it: the other side is gone, and `onClose` follows.
    send: message => new Promise(resolve => process.send!(message, undefined, undefined, () => resolve())),
    onMessage: listener => process.on('message', message => listener(message as ToEngine)),
    onClose: listener => process.on('disconnect', listener),
  }
}
