import { expect, it } from 'vitest'
import { architectureTable } from '../core/architecture-table.ts'
import { espalier } from './harness.ts'

interface Line {
  readonly id: string
  readonly params: number
  readonly prunable: number
  readonly batchNorm: number
  readonly macs: number
  readonly input: readonly number[]
}

/** [channels, height, width], or [steps, values]. */
const inputOf = (id: string): readonly number[] => {
  if (id.startsWith('lenet')) return [1, 28, 28]
  if (id.startsWith('fastgrnn')) return [128, 9]
  const side = /imagenet|mobilenet-v1$|k32$/.test(id) ? 224 : 32
  return [3, side, side]
}

it('prints one JSON object a line, with the row of every architecture of the papers', async () => {
  const { status, out, err } = await espalier('architectures', '--json')
  expect({ status, err }).toEqual({ status: 0, err: '' })
  const lines = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
  const byId = new Map(lines.map(line => [line.id, line]))
  expect(byId.size).toBe(lines.length)
  for (const { id, params, prunable, batchNorm, macs, input } of lines) {
    for (const count of [params, prunable, batchNorm, macs]) expect(Number.isSafeInteger(count), id).toBe(true)
    expect(prunable + batchNorm, id).toBeLessThanOrEqual(params)
    expect(macs, id).toBeGreaterThan(0)
    expect(input, id).toEqual(inputOf(id))
  }
  // Depths and widths without end are built when they are named; the list has the usual ones.
  const rows = architectureTable.filter(({ prunable }) => prunable !== undefined)
  expect(rows.length).toBeGreaterThan(15)
  for (const { id, total, prunable, batchNorm, macs } of rows) {
    expect(byId.get(id), id).toMatchObject({ params: total, prunable, batchNorm })
    if (macs === undefined) continue
    const digits = macs.split('.')[1]?.length ?? 0
    expect((byId.get(id)!.macs / 1e6).toFixed(digits), id).toBe(macs)
  }
})

it('prints a table for a person', async () => {
  const { out } = await espalier('architectures')
  expect(out).toMatch(/^id +family +input +classes +parameters +prunable +MACs\n/)
  expect(out).toMatch(/^resnet20-a .*3x32x32 +10 +269,722 +268,336 +40\.6 M$/m)
})
