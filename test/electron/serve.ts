/**
 * The built main process on the stand-in for Electron, with a real Chromium as its window: what the preload asks of
 * Electron goes over HTTP, the window's MessagePort over a WebSocket. Arguments: the build's folder, the person's folder.
 * Prints its port; ends when the application does.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { WebSocketServer } from 'ws'
import { startHost } from './host.ts'

const [build = '', user = ''] = process.argv.slice(2)

/** What the tests ask beside what the preload asks. */
type Asked = { invoke: [channel: string, ...args: unknown[]] } | { dialog: string[] } | { asked: true } | { quit: true }

async function serve() {
  const host = await startHost(build, user)
  const { answers, asked, protocol } = host.electron

  async function answer(question: Asked): Promise<unknown> {
    if ('invoke' in question) return host.invoke(...question.invoke)
    if ('dialog' in question) return void answers.openDialog.push(question.dialog)
    if ('asked' in question) return asked
    return host.quit()
  }

  const server = createServer(async (request: IncomingMessage, response) => {
    if (request.method === 'POST') {
      const result = await answer((await json(request)) as Asked)
      response.end(JSON.stringify(result ?? null), () => asked.quits > 0 && process.exit(0))
      return
    }
    const url = `app://studio${request.url}`
    const found = await protocol.handlers.get('app')?.({ url, method: request.method } as Request)
    response.writeHead(found?.status ?? 500, Object.fromEntries([...(found?.headers.entries() ?? [])]))
    response.end(found ? Buffer.from(await found.arrayBuffer()) : undefined)
  })
  new WebSocketServer({ server }).on('connection', async socket => {
    // What the window says before its port is there.
    const early: string[] = []
    let take = (text: string): void => void early.push(text)
    socket.on('message', data => take(String(data)))
    const port = await host.connect()
    port.onMessage(message => socket.send(JSON.stringify(message)))
    port.onClose(() => socket.close())
    socket.on('close', () => port.close())
    take = text => port.send(JSON.parse(text))
    for (const text of early) take(text)
  })
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
}

serve().catch(error => process.stderr.write(`${error.stack}\n`, () => process.exit(1)))
