import { expect, it } from 'vitest'
import { formatBytes, textProgress } from '../../../src/engine/runtime/progress.ts'

it.each([
  [1, '1 kB'],
  [262_000_000, '262 MB'],
  [1_450_000_000, '1.4 GB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

function written(isTTY: boolean): string[] {
  const lines: string[] = []
  const report = textProgress({ isTTY, write: text => lines.push(text) })
  report({ label: 'Unpacking' })
  for (let done = 0; done < 100; done++) report({ label: 'Unpacking', done: done * 1e6, total: 100e6 })
  report({ label: 'Unpacking', outcome: '3 files' })
  report({ label: 'Compiling', done: 5e6, total: 10e6 })
  return lines
}

it('writes to a log when a step begins and when it ends', () => {
  expect(written(false)).toEqual(['  Unpacking ...\n', '  Unpacking: 3 files\n', '  Compiling: 5 MB of 10 MB (50 %)\n'])
})

it('draws one line over and over on a terminal', () => {
  const lines = written(true)
  expect(lines.every(line => line.startsWith('\r\u001b[K'))).toBe(true)
  expect(lines.filter(line => line.endsWith('\n'))).toEqual(['\r\u001b[K  Unpacking: 3 files\n'])
})
