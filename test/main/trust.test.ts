import { describe, expect, it } from 'vitest'
import {
  type Home,
  isAllowedPermission,
  isExternalLink,
  isHome,
  isOutside,
  isOwnDownload,
  isTrustedFrame,
} from '../../src/main/trust.ts'

const home: Home = { url: 'app://studio/index.html', origin: 'app://studio' }
const ours = { origin: 'app://studio', url: 'app://studio/index.html#/runs/3', parent: null }

describe('who may speak to the main process', () => {
  it('is the top frame of the studio page, whatever its hash', () => {
    expect(isTrustedFrame(ours, home)).toBe(true)
    expect(isTrustedFrame({ ...ours, url: 'app://studio/' }, home)).toBe(true)
  })

  it.each([
    ['a frame that is gone', null],
    ['a frame that never was', undefined],
    ['a frame inside our page', { ...ours, parent: {} }],
    ['a foreign page', { ...ours, origin: 'https://example.org', url: 'https://example.org/' }],
    ['a foreign page that names our origin in its address', { ...ours, url: 'https://app//studio/index.html' }],
    ['a page of another host of our scheme', { ...ours, origin: 'app://other', url: 'app://other/index.html' }],
    ['a host that begins like ours', { ...ours, origin: 'app://studio.evil', url: 'app://studio.evil/index.html' }],
    ['a file', { ...ours, origin: 'file://', url: 'file:///index.html' }],
    ['an empty page that inherited our origin', { ...ours, url: 'about:blank' }],
    ['a sandboxed page, whose origin is opaque', { ...ours, origin: 'null' }],
    ['another file of our own folder', { ...ours, url: 'app://studio/assets/picture.svg' }],
    ['a page without an address', { ...ours, url: '' }],
  ])('is not %s', (_name, frame) => {
    expect(isTrustedFrame(frame, home)).toBe(false)
  })

  it('while developing is the page of the development server, and only that', () => {
    const server: Home = { url: 'http://localhost:5173', origin: 'http://localhost:5173' }
    const frame = { origin: 'http://localhost:5173', url: 'http://localhost:5173/#/library', parent: null }
    expect(isTrustedFrame(frame, server)).toBe(true)
    expect(isTrustedFrame({ ...frame, origin: 'http://localhost:5174', url: 'http://localhost:5174/' }, server)).toBe(
      false,
    )
    expect(isTrustedFrame(ours, server)).toBe(false)
  })
})

describe('where a window may go', () => {
  it('is its own page, by a reload', () => {
    expect(isHome('app://studio/index.html', home)).toBe(true)
    expect(isHome('app://studio/index.html#/compare', home)).toBe(true)
    expect(isHome('app://studio', home)).toBe(true)
  })

  it.each([
    'file:///etc/passwd',
    'https://example.org/',
    'app://studio/assets/index.js',
    'app://other/index.html',
    'javascript:alert(1)',
    'data:text/html,<script>1</script>',
    'blob:app://studio/1234',
    'about:blank',
    'not an address',
  ])('is not %s', url => {
    expect(isHome(url, home)).toBe(false)
  })
})

describe('links that may open in the browser', () => {
  it('are to papers', () => {
    expect(isExternalLink('https://arxiv.org/abs/1506.02626')).toBe(true)
    expect(isExternalLink('https://doi.org/10.48550/arXiv.1506.02626')).toBe(true)
  })

  it.each([
    'http://arxiv.org/abs/1506.02626',
    'https://arxiv.org.example.org/',
    'https://example.org/?https://arxiv.org',
    'https://arxiv.org@example.org/',
    'https://person:word@arxiv.org/',
    'https://arxiv.org:8443/',
    'file:///usr/bin/true',
    'smb://arxiv.org/share',
    'ms-settings:',
    'javascript:alert(1)',
    '',
  ])('are not %s', url => {
    expect(isExternalLink(url)).toBe(false)
  })
})

describe('requests to the outside', () => {
  it('are not those to the development server', () => {
    const server: Home = { url: 'http://localhost:5173', origin: 'http://localhost:5173' }
    expect(isOutside('http://localhost:5173/src/main.ts', server)).toBe(false)
    expect(isOutside('ws://localhost:5173/', server)).toBe(false)
    expect(isOutside('http://localhost:5174/', server)).toBe(true)
    expect(isOutside('http://localhost:5173/', home)).toBe(true)
  })
})

describe('downloads', () => {
  it('are of what the page made itself', () => {
    expect(isOwnDownload('blob:app://studio/5e1b-11', home)).toBe(true)
    for (const url of [
      'blob:app://studio.evil/1',
      'https://example.org/a.exe',
      'data:text/plain,a',
      'file:///etc/passwd',
    ])
      expect(isOwnDownload(url, home)).toBe(false)
  })
})

describe('permissions', () => {
  it('are refused, but for copying text from our page', () => {
    expect(isAllowedPermission('clipboard-sanitized-write', 'app://studio', home)).toBe(true)
    expect(isAllowedPermission('clipboard-sanitized-write', 'app://studio/', home)).toBe(true)
    expect(isAllowedPermission('clipboard-sanitized-write', 'https://example.org', home)).toBe(false)
    for (const permission of [
      'clipboard-read',
      'media',
      'geolocation',
      'notifications',
      'fileSystem',
      'openExternal',
      'hid',
    ])
      expect(isAllowedPermission(permission, 'app://studio', home)).toBe(false)
  })
})
