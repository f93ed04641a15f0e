/** Serves the built window with a double of the studio behind it, under the policy of the browser host. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { WebSocketServer } from 'ws'
import { type Port, serveClient } from '../../../src/shared/rpc.ts'
import type { StudioDouble } from './studio.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

export interface ServedDouble {
  readonly url: string
  /** Breaks every connection, as a server that dies does. */
  drop(): void
  close(): Promise<void>
}

export async function serveDouble(studio: StudioDouble, windowFolder: string, port = 0): Promise<ServedDouble> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname
    if (path.startsWith('/upload')) {
      request.resume()
      await new Promise(resolve => request.on('end', resolve))
      const body = path.endsWith('/finish') ? { grant: 'g1' } : { upload: 'u1' }
      response.writeHead(request.method === 'POST' ? 200 : 204, { 'content-type': 'application/json' })
      response.end(request.method === 'POST' ? JSON.stringify(body) : undefined)
      return
    }
    const file = join(windowFolder, normalize(path === '/' ? '/index.html' : path))
    const content = await readFile(file).catch(() => undefined)
    if (!content) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': policy,
    })
    response.end(content)
  })
  const sockets = new WebSocketServer({ server, path: '/rpc' })
  sockets.on('connection', socket => {
    const pipe: Port = {
      send: message => socket.send(JSON.stringify(message)),
      onMessage: listener => socket.on('message', data => listener(JSON.parse(String(data)))),
      onClose: listener => socket.on('close', listener),
      close: () => socket.close(),
    }
    serveClient(pipe, studio)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const drop = () => {
    for (const client of sockets.clients) client.terminate()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    drop,
    close: () =>
      new Promise(resolve => {
        drop()
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
