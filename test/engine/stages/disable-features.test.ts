import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { initialise } from '../../../src/core/initialise.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { lastModel, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 40, test: 30 })
})
afterAll(() => rmSync(folder, { recursive: true }))

const job = (stages: RecipeInput['stages'], architecture = 'resnet8-b') =>
  createJob(folder, data, stages, {
    model: { architecture, ...(architecture === 'resnet8-b' && { batchNorm: 'uniform' }) },
  })

it('zeroes small gammas and nothing else, and scores before and after as evaluate does', async () => {
  const score = { use: 'evaluate', batch: 16 } as const
  const { messages, error } = await run(job([score, { use: 'disable-features', threshold: 0.4, batch: 16 }, score]))
  expect(error).toBeUndefined()
  const [first, disabled, last] = outcomes(messages)
  const result = resultOf(disabled, 'disable-features')
  const [before, after] = [resultOf(first, 'evaluate'), resultOf(last, 'evaluate')]
  expect(result.before).toMatchObject({ correct: before.correct, top1: before.top1 })
  expect(result.after).toMatchObject({ correct: after.correct, top1: after.top1 })
  expect([result.before.loss, result.after.loss]).toEqual([before.loss, after.loss])
  expect(after.loss).not.toBe(before.loss)
  expect(result).toMatchObject({ threshold: 0.4, split: 'test', total: 30, features: 336, zeros: 0, weights: 77_360 })

  const graph = architectureOf('resnet8-b')
  const fresh = initialise(graph, 0, 'uniform')
  const { weights } = lastModel(messages)
  let zeroed = 0
  for (const [name, { role }] of Object.entries(graph.parameters)) {
    const expected = fresh.get(name)!.map(value => (role === 'gamma' && Math.abs(value) < 0.4 ? 0 : value))
    expect(weights.get(name), name).toEqual(expected)
    if (role === 'gamma') zeroed += expected.filter(value => value === 0).length
  }
  expect(result.disabled).toBe(zeroed)
  expect(result.layers.reduce((sum, layer) => sum + layer.disabled, 0)).toBe(zeroed)
  // A share of U(0, 1).
  expect(Math.abs(zeroed / 336 - 0.4)).toBeLessThan(0.1)
})

it('stops the run where it would change nothing, and where there is no batch norm', async () => {
  const twice = [
    { use: 'disable-features', threshold: 0.1 },
    { use: 'disable-features', threshold: 0.1 },
  ] as const
  const { messages, error } = await run(job([...twice]))
  expect(outcomes(messages)).toHaveLength(1)
  expect(error).toMatchObject({
    code: 'stage.no-change',
    message: expect.stringMatching(/smallest that is not zero is 0\.1/),
  })
  const all = Array.from({ length: 2 }, () => ({ use: 'disable-features', threshold: 100 }) as const)
  expect((await run(job(all))).error).toMatchObject({ message: 'All 336 gammas are zero already.' })
  const none = await run(job([{ use: 'disable-features' }], 'vgg11-cifar'))
  expect(none.error).toMatchObject({ code: 'model.invalid', message: expect.stringContaining('vgg11-cifar') })
})
