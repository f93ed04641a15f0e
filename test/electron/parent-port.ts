/** Loaded before a utility process of the stand-in: Electron's `process.parentPort` over Node's own channel. */
import { EventEmitter } from 'node:events'

const send = process.send?.bind(process)
const port = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => send?.(message) })
process.on('message', data => port.emit('message', { data, ports: [] }))
Object.assign(process, { parentPort: port, send: undefined })
