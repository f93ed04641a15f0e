/** Training batch norm from the command line, and disabling its features: what a person and a script read. */
import { describe, expect, it } from 'vitest'
import { hasEngine } from '../has-engine.ts'
import { espalier, workplace } from './harness.ts'

describe.skipIf(!hasEngine)('batch norm alone', () => {
  const stages = [
    { use: 'train', epochs: 1, batch: 8, trainable: 'batchnorm', keep: 'last' },
    { use: 'disable-features', threshold: 0.2, batch: 8 },
  ]
  const changes = { model: { architecture: 'resnet8-b' }, data: { path: 'cifar', validation: 0 }, stages }

  it('says how much was trained and what was disabled', async () => {
    const { writeRecipe, project } = workplace()
    const { status, out, err } = await espalier('run', writeRecipe(changes), '--project', project)
    expect([status, err]).toEqual([0, expect.any(String)])
    expect(out).toContain('672 parameters trained')
    expect(out).toMatch(/\d+ of 336 features have a gamma below 0\.01/)
    expect(out).toMatch(/\d+ of 336 features have a gamma below 0\.2 \(\d+\.\d+ %\)/)
    expect(out).toMatch(/test: top-1 \d+\.\d+ % before, \d+\.\d+ % after; loss/)
    expect(out).toMatch(/layer1\.0\.bn1 +16 +\d+ +\d+\.\d+ %/)
  })

  it('prints stable keys, and takes over what is finished', async () => {
    const { writeRecipe, project } = workplace()
    const recipe = writeRecipe(changes)
    const lines = async () => {
      const { status, out } = await espalier('run', recipe, '--json', '--project', project)
      expect(status).toBe(0)
      return out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, unknown>)
    }
    const [trained, disabled] = await lines()
    expect(trained).toMatchObject({ use: 'train', trainableParams: 672, disabledFeatures: { features: 336 } })
    const counts = { threshold: 0.2, features: 336, split: 'test' }
    expect(disabled).toMatchObject({
      use: 'disable-features',
      ...counts,
      before: {},
      after: {},
      layers: expect.any(Array),
    })
    const again = await lines()
    expect(again).toEqual([trained, disabled].map(line => expect.objectContaining({ use: line!['use'], cached: true })))
    expect(again[1]).toMatchObject({ disabled: disabled!['disabled'] })
  })
})
