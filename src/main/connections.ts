/** The windows' pipes to one studio. What a page says while it goes, such as a draft to save, is still heard. */
import { type Port, serveClient } from '../shared/rpc.ts'
import type { Studio } from '../studio/studio.ts'

/** A page that hangs keeps its pipe; it is not waited for longer than this. */
const lastWordsMs = 2000

export interface Connections {
  serve(port: Port): void
  /** Resolves when every pipe is closed from its window's side: there will be no more calls. */
  closed(): Promise<void>
}

export function createConnections(studio: Pick<Studio, 'handlers' | 'onEvent'>): Connections {
  const open = new Set<Port>()
  const waiting = new Set<() => void>()
  return {
    serve(port) {
      open.add(port)
      serveClient(
        {
          ...port,
          onClose: listener =>
            port.onClose(() => {
              listener()
              open.delete(port)
              if (open.size === 0) for (const wake of waiting) wake()
            }),
        },
        studio,
      )
    },
    closed: () =>
      new Promise(resolve => {
        if (open.size === 0) return resolve()
        const wake = () => {
          clearTimeout(limit)
          waiting.delete(wake)
          resolve()
        }
        const limit = setTimeout(wake, lastWordsMs)
        waiting.add(wake)
      }),
  }
}
