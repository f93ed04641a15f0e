/** The browser host: one HTTP server on the loopback address, for one studio. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Handlers, StudioEvent } from '../shared/contract.ts'
import { EspalierError } from '../shared/errors.ts'
import { serveClient } from '../shared/rpc.ts'
import { type Access, createAccess, judge } from './access.ts'
import { answerEmpty, answerError, answerThrown, HttpError } from './answers.ts'
import type { Grants } from './grants.ts'
import { type SocketLimits, socketPort } from './socket-port.ts'
import { sendFile } from './static-files.ts'
import { answerUpload } from './upload-calls.ts'
import type { Uploads } from './uploads.ts'

export interface ServerOptions {
  readonly studio: {
    readonly handlers: Handlers
    onEvent(listener: (event: StudioEvent) => void): () => void
  }
  /** The folder of the built window. */
  readonly windowFolder: string
  readonly uploads: Uploads
  readonly grants: Grants
  /** 0 = any free one. */
  readonly port: number
  readonly socketLimits?: SocketLimits
}

export interface Server {
  /** With the token. */
  readonly url: string
  readonly port: number
  /** Disconnects every window. */
  close(): Promise<void>
}

/** Largest message of a window: a recipe, with room to spare. */
const largestMessage = 4 * 2 ** 20

/** Throws `argument.invalid` if the port is taken. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestMessage })
  const http = createServer()
  const port = await listen(http, options.port)
  const access = createAccess(port)

  http.on('request', (request, response) => {
    answer(request, response, access, options).catch(thrown => answerThrown(response, thrown))
  })
  http.on('upgrade', (request, socket, head) => {
    // A browser that goes away while it is being answered is nobody's fault.
    socket.on('error', () => socket.destroy())
    const verdict = judge({ ...asked(request), isUpgrade: true }, access)
    if (pathOf(request) !== '/rpc') return refuseUpgrade(socket, '404 Not Found')
    if (verdict.kind !== 'admitted') return refuseUpgrade(socket, '403 Forbidden')
    sockets.handleUpgrade(request, socket, head, browser => {
      browser.on('error', () => browser.terminate())
      serveClient(socketPort(browser, options.socketLimits), options.studio)
    })
  })
  // Uploads may take as long as they take; the idle time of a connection is limited instead.
  http.requestTimeout = 0
  http.setTimeout(120_000)

  return {
    url: `http://127.0.0.1:${port}/?token=${access.token}`,
    port,
    async close() {
      for (const browser of sockets.clients) browser.close(1001, 'The server ends.')
      const closed = new Promise(resolve => http.close(resolve))
      // A window that does not answer the closing is not waited for.
      const timer = setTimeout(() => {
        for (const browser of sockets.clients) browser.terminate()
        http.closeAllConnections()
      }, 500)
      http.closeIdleConnections()
      await closed
      clearTimeout(timer)
    },
  }
}

const asked = ({ method = 'GET', url = '/', headers }: IncomingMessage) => ({ method, url, headers })

/** As it was sent: nothing is decoded or resolved before it has been judged. */
const pathOf = ({ url = '/' }: IncomingMessage) => url.split('?', 1)[0]!

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  access: Access,
  { windowFolder, uploads, grants }: ServerOptions,
): Promise<void> {
  const verdict = judge(asked(request), access)
  if (verdict.kind === 'refused') return answerError(response, verdict.error)
  if (verdict.kind === 'entering') {
    const cookie = `${access.cookieName}=${access.session}; HttpOnly; SameSite=Strict; Path=/`
    return answerEmpty(response, { location: '/', 'set-cookie': cookie }, 303)
  }
  const path = pathOf(request)
  // The address with the token was opened again: it shall not stay in the address bar.
  if (path === '/' && request.url !== '/') return answerEmpty(response, { location: '/' }, 303)
  if (path === '/upload' || path.startsWith('/upload/')) {
    return answerUpload(request, response, path, { uploads, grant: grants.add })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new HttpError(405, { code: 'not-allowed', message: `${request.method} is not a request that ${path} takes.` })
  }
  await sendFile(response, windowFolder, path, request.method === 'GET')
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

function listen(http: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program uses it' : cause.message
      const hint = 'Choose another one with --port, or leave it out to take any free one.'
      reject(new EspalierError({ code: 'argument.invalid', message: `Port ${port} cannot be used: ${why}.`, hint }))
    })
    http.listen(port, '127.0.0.1', () => resolve((http.address() as AddressInfo).port))
  })
}
