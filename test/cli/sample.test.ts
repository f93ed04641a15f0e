/** The sample project as a person meets it: from nothing to the comparison and the report. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { hasEngine } from '../has-engine.ts'
import { espalier, workplace } from './harness.ts'

it.skipIf(!hasEngine)(
  'trains, prunes in three ways and compares; the second time all of it is there',
  { timeout: 600_000 },
  async () => {
    const { folder } = workplace()
    const project = join(folder, 'sample.espalier')
    const first = await espalier('sample', '--project', project)
    expect(first.err).not.toMatch(/fault|error/i)
    expect(first.status).toBe(0)
    const rows = [...first.out.matchAll(/^(\d Glyphs, \w+) +(-|[\d.]+ %) +([\d.]+) % +([\d.]+) % +[\d.]+ M +\d/gm)]
    const share = (text: string) => Number(text.replace(' %', '')) / 100
    expect(rows.map(([, name]) => name)).toEqual([
      '1 Glyphs, dense',
      '2 Glyphs, global',
      '3 Glyphs, uniform',
      '4 Glyphs, gradual',
    ])
    const [dense, global, uniform, gradual] = rows.map(([, , before, top1, sparsity]) => ({
      before: before === '-' ? null : share(before!),
      top1: share(top1!),
      sparsity: share(sparsity!),
    }))
    // Learned, but not perfectly; pruning all at once costs most of it, fine-tuning brings most of that back.
    expect(dense!.top1).toBeGreaterThan(0.84)
    expect(dense!.top1).toBeLessThan(0.97)
    for (const run of [global!, uniform!]) {
      expect(run.before).toBeLessThan(dense!.top1 - 0.2)
      expect(run.top1).toBeGreaterThan(run.before! + 0.2)
    }
    for (const run of [global!, uniform!, gradual!]) {
      expect(run.sparsity).toBeCloseTo(0.8, 3)
      expect(run.top1).toBeGreaterThan(0.75)
    }
    expect(first.out).toContain(`npm start -- "${project}"`)

    const report = join(folder, 'sample.html')
    expect(first.out).toContain(report)
    const document = readFileSync(report, 'utf8')
    expect(document).toContain(`${(100 * dense!.top1).toFixed(1)} %`)
    expect(document).toContain('<h2>Training</h2>')

    const other = join(folder, 'again.html')
    const second = await espalier('sample', '--project', project, '--report', other)
    expect(second.status).toBe(0)
    expect(second.out.match(/taken over/g)).toHaveLength(2 + 6 + 6 + 4)
    expect(existsSync(other)).toBe(true)

    const third = join(folder, 'third.html')
    const comparing = await espalier('compare', project, '--json', '--report', third)
    expect([comparing.status, comparing.err]).toEqual([0, `Report: ${third}\n`])
    expect(JSON.parse(comparing.out).runs).toHaveLength(8)
    expect(readFileSync(third, 'utf8')).toContain('<h2>Training</h2>')
  },
)

it('says so where the project cannot be made', async () => {
  const { folder } = workplace()
  const ended = await espalier('sample', '--project', join(folder, 'net.safetensors'))
  expect(ended.status).toBe(2)
  expect(ended.err).toMatch(/net\.safetensors/)
})
