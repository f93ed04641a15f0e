import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { createUploads } from '../../src/server/uploads.ts'
import { temporaryFolder } from '../temporary.ts'
import { startTestServer } from './test-server.ts'

type TestServer = Awaited<ReturnType<typeof startTestServer>>

const parse = <T>(body: string) => JSON.parse(body) as T

async function begin({ asWindow }: TestServer, files: number, bytes: number): Promise<string> {
  const { status, body } = await asWindow('/upload', { method: 'POST', body: JSON.stringify({ files, bytes }) })
  expect(status).toBe(201)
  return parse<{ upload: string }>(body).upload
}

const put = ({ asWindow }: TestServer, id: string, path: string, body: string) =>
  asWindow(`/upload/${id}/${path}`, { method: 'PUT', body })

async function finish({ asWindow, grants }: TestServer, id: string): Promise<string> {
  const { status, body } = await asWindow(`/upload/${id}/finish`, { method: 'POST' })
  expect([status, body]).toEqual([200, expect.stringContaining('grant')])
  return grants.resolve(parse<{ grant: string }>(body).grant)!
}

/** Every file below `folder`, relative. */
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter(entry => entry.isFile())
        .map(entry => relative(folder, join(entry.parentPath, entry.name)))
    : []

it('a folder arrives as it was, under a grant', async () => {
  const server = await startTestServer()
  const id = await begin(server, 2, 8)
  expect((await put(server, id, 'cifar/a.bin', 'abc')).status).toBe(204)
  expect((await put(server, id, `cifar/${encodeURIComponent('ü ä?#.bin')}`, 'defgh')).status).toBe(204)
  const path = await finish(server, id)
  expect(path).toMatch(/[0-9a-f]{32}\/cifar$/)
  expect(readFileSync(join(path, 'a.bin'), 'utf8')).toBe('abc')
  expect(readFileSync(join(path, 'ü ä?#.bin'), 'utf8')).toBe('defgh')
})

it('one file is that file; several are a folder of them', async () => {
  const server = await startTestServer()
  const one = await begin(server, 1, 3)
  await put(server, one, 'net.th', 'abc')
  expect(await finish(server, one)).toMatch(/\/net\.th$/)
  const two = await begin(server, 2, 2)
  await put(server, two, 'a', '1')
  await put(server, two, 'b', '2')
  const path = await finish(server, two)
  expect(path).toMatch(/\/Dropped files$/)
  expect(readdirSync(path).sort()).toEqual(['a', 'b'])
})

it('the same content twice is kept once, other content under the same name beside it', async () => {
  const server = await startTestServer()
  const send = async (text: string) => {
    const id = await begin(server, 1, text.length)
    await put(server, id, 'x', text)
    return finish(server, id)
  }
  const first = await send('abc')
  expect(await send('abc')).toBe(first)
  expect(await send('abd')).not.toBe(first)
  expect(readFileSync(first, 'utf8')).toBe('abc')
  expect(filesIn(server.uploadFolder)).toHaveLength(2)
})

const escapes = [
  '..%2f..%2fescaped',
  '../escaped',
  '%2e%2e/escaped',
  'a/../../escaped',
  'a/%2e%2e/%2e%2e/escaped',
  'a//b',
  './a',
  'a/.',
  'a%5c..%5cb',
  'C%3Aa',
  'a%00b',
  'a%0Ab',
  '',
  'a/',
  '%',
]
it.each(escapes)('an upload cannot be written to %j', path => refusesPath(path))
it('an upload cannot be written to a name or a path of endless length', async () => {
  await refusesPath('x'.repeat(256))
  await refusesPath(Array.from({ length: 300 }, () => 'abcdefghi').join('/'))
})

async function refusesPath(path: string): Promise<void> {
  const server = await startTestServer()
  const id = await begin(server, 5, 100)
  expect((await put(server, id, path, 'abc')).status).toBe(400)
  expect(filesIn(server.uploadFolder)).toEqual([])
  expect(filesIn(server.folder).filter(file => file.includes('escaped'))).toEqual([])
}

it('an oversized upload is refused before a byte of it is sent', async () => {
  const { asWindow } = await startTestServer({ limits: { bytes: 1000, files: 3 } })
  for (const announced of [
    { files: 1, bytes: 1001 },
    { files: 4, bytes: 10 },
  ]) {
    const { status, body } = await asWindow('/upload', { method: 'POST', body: JSON.stringify(announced) })
    expect([status, parse<{ error: { code: string } }>(body).error.code]).toEqual([413, 'file.too-large'])
  }
})

it('an upload larger than it said is refused', async () => {
  const server = await startTestServer()
  const id = await begin(server, 1, 3)
  expect((await put(server, id, 'a', 'abcd')).status).toBe(413)
  expect((await put(server, id, 'a', 'abc')).status).toBe(204)
  expect((await put(server, id, 'b', '')).status).toBe(413)
})

it('a disk without room refuses at once', async () => {
  const { asWindow } = await startTestServer({ limits: { reserve: Number.MAX_SAFE_INTEGER } })
  const { status, body } = await asWindow('/upload', { method: 'POST', body: '{"files":1,"bytes":1}' })
  expect([status, parse<{ error: { code: string } }>(body).error.code]).toEqual([507, 'disk.full'])
})

it.each(['', 'x', '[]', '{"files":0,"bytes":1}', '{"files":1}', '{"files":1,"bytes":-1}'])(
  'an upload cannot begin with %j',
  async body => {
    const { asWindow } = await startTestServer()
    expect((await asWindow('/upload', { method: 'POST', body })).status).toBe(400)
  },
)

it('an upload of which less arrived is not finished', async () => {
  const server = await startTestServer()
  const id = await begin(server, 2, 6)
  await put(server, id, 'a', 'abc')
  expect((await server.asWindow(`/upload/${id}/finish`, { method: 'POST' })).status).toBe(400)
  await put(server, id, 'b', 'def')
  await finish(server, id)
  expect((await server.asWindow(`/upload/${id}/finish`, { method: 'POST' })).status).toBe(404)
})

it('a file is sent once, and not in the place of another', async () => {
  const server = await startTestServer()
  const id = await begin(server, 5, 100)
  await put(server, id, 'a', 'abc')
  expect((await put(server, id, 'a', 'xyz')).status).toBe(409)
  expect((await put(server, id, 'a/b', 'xyz')).status).toBe(409)
  await put(server, id, 'c/d', 'abc')
  expect((await put(server, id, 'c', 'xyz')).status).toBe(409)
})

it('a connection that breaks leaves no half file, and the file can be sent again', async () => {
  const server = await startTestServer()
  const id = await begin(server, 1, 10)
  const broken = server.asWindow(`/upload/${id}/a`, {
    method: 'PUT',
    headers: { 'content-length': '10' },
    body: 'abc',
    cut: true,
  })
  await expect(broken).rejects.toThrow()
  // Refused for as long as the server still waits for the rest of the first.
  let status = 409
  for (let i = 0; i < 100 && status === 409; i++) {
    await new Promise(resolve => setTimeout(resolve, 10))
    status = (await put(server, id, 'a', '0123456789')).status
  }
  expect(status).toBe(204)
  expect(readFileSync(await finish(server, id), 'utf8')).toBe('0123456789')
  expect(filesIn(server.uploadFolder)).toHaveLength(1)
})

it('a file without a length is refused', async () => {
  const server = await startTestServer()
  const id = await begin(server, 1, 3)
  const { status } = await server.asWindow(`/upload/${id}/a`, {
    method: 'PUT',
    headers: { 'transfer-encoding': 'chunked' },
    body: 'abc',
  })
  expect(status).toBe(411)
})

it('cancelling removes everything', async () => {
  const server = await startTestServer()
  const id = await begin(server, 2, 6)
  await put(server, id, 'a', 'abc')
  expect((await server.asWindow(`/upload/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect(filesIn(server.uploadFolder)).toEqual([])
  expect((await put(server, id, 'b', 'def')).status).toBe(404)
})

it('an upload that nobody goes on with is removed', async () => {
  const server = await startTestServer({ limits: { idle: 40 } })
  const id = await begin(server, 2, 6)
  await put(server, id, 'a', 'abc')
  await new Promise(resolve => setTimeout(resolve, 150))
  expect(filesIn(server.uploadFolder)).toEqual([])
  expect((await put(server, id, 'b', 'def')).status).toBe(404)
})

it('what a killed server left is removed by the next one; what is finished stays', async () => {
  const root = temporaryFolder()
  mkdirSync(join(root, '.partial-999999999', 'x'), { recursive: true })
  mkdirSync(join(root, '0123456789abcdef'))
  createUploads(root).close()
  expect(readdirSync(root)).toEqual(['0123456789abcdef'])
})

it('somebody without the cookie uploads nothing', async () => {
  const { ask, origin, uploadFolder } = await startTestServer()
  const { status } = await ask('/upload', { method: 'POST', headers: { origin }, body: '{"files":1,"bytes":1}' })
  expect(status).toBe(403)
  expect(existsSync(uploadFolder)).toBe(false)
})
