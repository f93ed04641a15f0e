import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix, win32 } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveAsset, serveAsset } from '../../src/main/assets.ts'
import { contentSecurityPolicy } from '../../src/shared/csp.ts'

const root = '/app/out/renderer'

describe('the file behind an app:// address', () => {
  it.each([
    ['app://studio/index.html', '/app/out/renderer/index.html'],
    ['app://studio/', '/app/out/renderer/index.html'],
    ['app://studio', '/app/out/renderer/index.html'],
    ['app://studio/index.html?x=1#/runs', '/app/out/renderer/index.html'],
    ['app://studio/assets/a%20b.js', '/app/out/renderer/assets/a b.js'],
    // The parser of addresses takes plain dots away before we see them.
    ['app://studio/../../etc/passwd', '/app/out/renderer/etc/passwd'],
    ['app://studio/assets/..%2findex.html', '/app/out/renderer/index.html'],
    ['app://studio/...hidden', '/app/out/renderer/...hidden'],
    ['app://studio//etc/passwd', '/app/out/renderer/etc/passwd'],
  ])('%s is %s', (url, file) => {
    expect(resolveAsset(url, root, posix)).toBe(file)
  })

  it.each([
    'app://studio/..%2f..%2fpackage.json',
    'app://studio/..%2F..%2Fetc%2Fpasswd',
    'app://studio/assets/..%2f..%2f..',
    'app://studio/..%2frenderer-evil/index.html',
    'app://studio/%00index.html',
    'app://studio/%E0%A4%A',
    'app://other/index.html',
    'file:///app/out/renderer/index.html',
    'https://studio/index.html',
    'nonsense',
  ])('%s is refused', url => {
    expect(resolveAsset(url, root, posix)).toBeNull()
  })

  it.each(['app://studio/..%5c..%5cpackage.json', 'app://studio/..\\..\\package.json', 'app://studio/..%2f..%5cetc'])(
    '%s is refused on Windows',
    url => {
      expect(resolveAsset(url, 'C:\\app\\out\\renderer', win32)).toBeNull()
    },
  )

  it('never names another drive or machine on Windows', () => {
    for (const url of ['app://studio/D:/secret', 'app://studio/D:%5csecret', 'app://studio/%5c%5cserver%5cshare']) {
      expect(resolveAsset(url, 'C:\\app\\out\\renderer', win32) ?? 'C:\\app\\out\\renderer\\').toMatch(
        /^C:\\app\\out\\renderer\\/,
      )
    }
  })
})

describe('answers', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'espalier-assets-'))
    await mkdir(join(folder, 'renderer/assets'), { recursive: true })
    await writeFile(join(folder, 'secret.txt'), 'secret')
    await writeFile(join(folder, 'renderer/index.html'), '<!doctype html>')
    await writeFile(join(folder, 'renderer/assets/index-1.js'), 'export {}')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const ask = (url: string, method = 'GET') => serveAsset({ url, method }, join(folder, 'renderer'))

  it('are the files, with their type and the policy', async () => {
    const page = await ask('app://studio/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy)
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await page.text()).toBe('<!doctype html>')
    const script = await ask('app://studio/assets/index-1.js')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const head = await ask('app://studio/', 'HEAD')
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('are refusals that carry the policy and no content', async () => {
    const cases: [string, string, number][] = [
      ['app://studio/..%2fsecret.txt', 'GET', 403],
      ['app://studio/nothing.js', 'GET', 404],
      ['app://studio/assets', 'GET', 404],
      ['app://studio/index.html', 'POST', 405],
    ]
    for (const [url, method, status] of cases) {
      const answer = await ask(url, method)
      expect([url, answer.status, await answer.text()]).toEqual([url, status, ''])
      expect(answer.headers.get('content-security-policy')).toBe(contentSecurityPolicy)
    }
  })
})
