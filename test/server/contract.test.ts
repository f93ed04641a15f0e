import { WebSocket } from 'ws'
import { createClient, type Port } from '../../src/shared/rpc.ts'
import { contractSuite } from '../shared/contract-suite.ts'
import { startTestServer } from './test-server.ts'

/** As the window makes a port of its socket. */
function portOf(socket: WebSocket): Port {
  return {
    send: message => socket.send(JSON.stringify(message)),
    onMessage: listener => void socket.on('message', data => listener(JSON.parse(String(data)))),
    onClose: listener => void socket.on('close', listener),
    close: () => socket.close(),
  }
}

contractSuite('a WebSocket through the server', async studio => {
  const { server, cookie, origin } = await startTestServer({ studio })
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, { headers: { cookie, origin } })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { client: createClient(portOf(socket)), cut: () => void server.close() }
})
