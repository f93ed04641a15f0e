/** A real server over a folder with a page, and raw requests to it: fetch would correct what attacks get wrong. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createGrants } from '../../src/server/grants.ts'
import { type ServerOptions, startServer } from '../../src/server/server.ts'
import { createUploads, type UploadLimits, uploadLimits } from '../../src/server/uploads.ts'
import type { ServedStudio } from '../shared/contract-suite.ts'
import { temporaryFolder } from '../temporary.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  /** Ends the connection after the body, whatever the length said. */
  readonly cut?: boolean
}

const silent: ServedStudio = { handlers: {} as never, onEvent: () => () => {} }

export async function startTestServer(options: Partial<ServerOptions> & { limits?: Partial<UploadLimits> } = {}) {
  const folder = temporaryFolder()
  const windowFolder = join(folder, 'window')
  mkdirSync(join(windowFolder, 'assets'), { recursive: true })
  writeFileSync(join(windowFolder, 'index.html'), '<!doctype html><title>Espalier</title>')
  writeFileSync(join(windowFolder, 'assets', 'app-1.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'a secret')
  const uploadFolder = join(folder, 'uploads')
  const uploads = createUploads(uploadFolder, { ...uploadLimits, reserve: 0, ...options.limits })
  const grants = createGrants()
  const server = await startServer({ studio: silent, windowFolder, uploads, grants, port: 0, ...options })
  onTestFinished(async () => {
    await server.close()
    uploads.close()
  })
  const host = `127.0.0.1:${server.port}`
  const origin = `http://${host}`

  const ask = (path: string, { method = 'GET', headers = {}, body, cut }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(
        { host: '127.0.0.1', port: server.port, path, method, headers, agent: false },
        response => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
        },
      )
      request.on('error', reject)
      if (cut) request.write(body, () => request.destroy())
      else request.end(body)
    })

  const { pathname, search } = new URL(server.url)
  const entered = await ask(pathname + search)
  const cookie = String(entered.headers['set-cookie']).split(';')[0]!
  return {
    server,
    grants,
    uploads,
    host,
    origin,
    folder,
    uploadFolder,
    entered,
    cookie,
    token: new URLSearchParams(search).get('token')!,
    /** As anybody. */
    ask,
    /** As the window. */
    asWindow: (path: string, { headers, ...asked }: Asked = {}) =>
      ask(path, { ...asked, headers: { cookie, origin, ...headers } }),
  }
}
