/** Each test tells an attack and pins it shut. */
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startTestServer } from './test-server.ts'

const refusal = (body: string) => (JSON.parse(body) as { error: { code: string } }).error.code

it('the window: token, cookie, page, assets', async () => {
  const { entered, asWindow, cookie } = await startTestServer()
  expect(entered.status).toBe(303)
  expect(entered.headers.location).toBe('/')
  expect(String(entered.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
  const page = await asWindow('/')
  expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<title>Espalier') })
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  })
  const policy = page.headers['content-security-policy']
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ]) {
    expect(policy).toContain(rule)
  }
  const script = await asWindow('/assets/app-1.js')
  expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
  expect((await asWindow('/?token=whatever')).headers.location).toBe('/')
  expect(cookie).not.toContain(new URL((await startTestServer()).server.url).searchParams.get('token'))
})

it('a program without the token gets nothing, not even an asset', async () => {
  const { ask } = await startTestServer()
  for (const path of ['/', '/index.html', '/assets/app-1.js', '/rpc', '/upload']) {
    const { status, body } = await ask(path)
    expect([path, status, refusal(body)]).toEqual([path, 403, 'not-allowed'])
  }
})

it('a wrong token is refused, and one that is cut short or lengthened', async () => {
  const { ask, token } = await startTestServer()
  for (const wrong of ['', 'x', token.slice(1), `${token}x`, token.toUpperCase(), '%00']) {
    const { status, headers } = await ask(`/?token=${wrong}`)
    expect(status).toBe(403)
    expect(headers['set-cookie']).toBeUndefined()
  }
})

it('the cookie of another server on this machine does not fit', async () => {
  const first = await startTestServer()
  const second = await startTestServer()
  expect((await second.ask('/', { headers: { cookie: first.cookie } })).status).toBe(403)
  const value = first.cookie.split('=')[1]!
  const forged = `espalier-${second.server.port}=${value}`
  expect((await second.ask('/', { headers: { cookie: forged } })).status).toBe(403)
})

it('the token does not stand for the cookie', async () => {
  const { ask, server, token } = await startTestServer()
  expect((await ask('/', { headers: { cookie: `espalier-${server.port}=${token}` } })).status).toBe(403)
})

it('DNS rebinding: a page whose host name points here is not served, cookie or not', async () => {
  const { ask, cookie, server, token } = await startTestServer()
  for (const host of [
    'evil.example',
    `evil.example:${server.port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.0.0.1@evil.example',
    '10.0.0.1',
  ]) {
    expect((await ask('/', { headers: { host, cookie } })).status).toBe(403)
    expect((await ask(`/?token=${token}`, { headers: { host } })).status).toBe(403)
  }
})

it('a request without a host is refused', async () => {
  const { server, cookie } = await startTestServer()
  const answer = await new Promise<string>(resolve => {
    let text = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(`GET / HTTP/1.0\r\ncookie: ${cookie}\r\n\r\n`))
    socket.on('data', data => {
      text += data
    })
    socket.on('close', () => resolve(text))
  })
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
})

it('names of the loopback address are fine, with the port of a tunnel too', async () => {
  const { ask, cookie } = await startTestServer()
  for (const host of ['localhost:9000', '[::1]:9000', '127.0.0.1', 'LOCALHOST:1']) {
    expect((await ask('/', { headers: { host, cookie } })).status).toBe(200)
  }
})

it('CSRF: a page of another origin cannot do anything, even with the cookie', async () => {
  const { ask, cookie, host, server } = await startTestServer()
  const foreign = [
    'http://evil.example',
    'null',
    `https://127.0.0.1:${server.port}`,
    `http://localhost:${server.port}`,
    `http://127.0.0.1:${server.port + 1}`,
    `http://127.0.0.1:${server.port}.evil.example`,
  ]
  for (const origin of foreign) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const { status } = await ask('/upload', { method, headers: { cookie, host, origin } })
      expect([origin, method, status]).toEqual([origin, method, 403])
    }
  }
})

it('CSRF: a request that changes something without saying where it comes from is refused', async () => {
  const { ask, cookie } = await startTestServer()
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    expect((await ask('/upload', { method, headers: { cookie } })).status).toBe(403)
  }
})

async function socketStatus(port: number, path: string, headers: Record<string, string>): Promise<number | 'open'> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  return new Promise(resolve => {
    socket.once('open', () => {
      socket.close()
      resolve('open')
    })
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode!))
    socket.on('error', () => {})
  })
}

it('WebSocket hijacking: another page, no page, or no cookie opens none', async () => {
  const { server, cookie, origin, token } = await startTestServer()
  const status = (headers: Record<string, string>, path = '/rpc') => socketStatus(server.port, path, headers)
  expect(await status({ cookie, origin })).toBe('open')
  expect(await status({ cookie, origin: 'http://evil.example' })).toBe(403)
  expect(await status({ cookie })).toBe(403)
  expect(await status({ origin })).toBe(403)
  expect(await status({ origin }, `/rpc?token=${token}`)).toBe(403)
  expect(await status({ cookie, origin, host: 'evil.example' })).toBe(403)
  expect(await status({ cookie, origin }, '/other')).toBe(404)
})

it('path traversal: nothing outside of the window is served', async () => {
  const { asWindow } = await startTestServer()
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/..\\secret.txt',
    '/%5c..%5csecret.txt',
    '//etc/passwd',
    '/index.html%00.js',
    '/%',
    '/assets',
    '/nothing.js',
  ]
  for (const path of paths) {
    const { status, body } = await asWindow(path)
    expect([path, status]).toEqual([path, 404])
    expect(body).not.toContain('a secret')
  }
})

it('other methods than the window uses are refused', async () => {
  const { asWindow } = await startTestServer()
  expect((await asWindow('/', { method: 'POST' })).status).toBe(405)
  expect((await asWindow('/assets/app-1.js', { method: 'DELETE' })).status).toBe(405)
  expect((await asWindow('/upload')).status).toBe(405)
})

it('it cannot be reached on another address of this machine', async () => {
  const { server } = await startTestServer()
  const other = Object.values((await import('node:os')).networkInterfaces())
    .flat()
    .find(address => address && !address.internal && address.family === 'IPv4')
  const hosts = ['127.0.0.2', ...(other ? [other.address] : [])]
  for (const host of hosts) {
    const reached = await new Promise<boolean>(resolve => {
      const socket = connect({ host, port: server.port, timeout: 500 }, () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('timeout', () => resolve(false))
    })
    expect([host, reached]).toEqual([host, false])
  }
})

it('a request that is no HTTP is answered and leaves the server standing', async () => {
  const { server, asWindow } = await startTestServer()
  await new Promise<void>(resolve => {
    const socket = connect(server.port, '127.0.0.1', () => socket.end('\x00\x01 nonsense\r\n\r\n'))
    socket.on('close', () => resolve()).on('error', () => resolve())
    socket.resume()
  })
  expect((await asWindow('/')).status).toBe(200)
})

it('a message that is larger than any call ends that connection only', async () => {
  const { server, cookie, origin, asWindow } = await startTestServer()
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, { headers: { cookie, origin } })
  await new Promise(resolve => socket.once('open', resolve))
  socket.on('error', () => {})
  socket.send('x'.repeat(5 * 2 ** 20))
  const code = await new Promise(resolve => socket.once('close', resolve))
  expect([1009, 1006]).toContain(code)
  expect((await asWindow('/')).status).toBe(200)
})

it('what is not a message of the contract ends that connection only', async () => {
  const { server, cookie, origin, asWindow } = await startTestServer()
  for (const message of ['not json', '{"type":"result","id":1}', Buffer.from([1, 2, 3])]) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, { headers: { cookie, origin } })
    await new Promise(resolve => socket.once('open', resolve))
    socket.send(message)
    await new Promise(resolve => socket.once('close', resolve))
  }
  expect((await asWindow('/')).status).toBe(200)
})
