/** Pruning to a file size, and to an accuracy, as a stage of a job. */
import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FromEngine } from '../../../src/engine/protocol.ts'
import { modelToBytes } from '../../../src/formats/model-file.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { lastModel, ofType, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 60, test: 10 })
})
afterAll(() => rmSync(folder, { recursive: true }))

type Stages = RecipeInput['stages']
type PruneInput = Extract<Stages[number], { use: 'prune' }>
const measured = {
  ...{ calibration: { images: 24, choose: 'first' }, fractions: [0.4, 0.6] },
} as const satisfies Partial<PruneInput>

async function work(stages: Stages): Promise<FromEngine[]> {
  const { messages, error } = await run(createJob(folder, data, stages, { data: { validation: 0.5 } }))
  expect(error).toBeUndefined()
  return messages
}

it.each(['rate-distortion', 'uniform', 'lamp'] as const)('%s meets a file size', async allocation => {
  const bytes = 120_000
  const stage = { use: 'prune', allocation, target: { kind: 'file-size', bytes }, ...measured } as const
  const messages = await work([stage])
  const { bytes: sizes } = resultOf(outcomes(messages)[0], 'prune')
  expect(sizes!.file).toBe(modelToBytes(lastModel(messages)).length)
  expect(sizes!.dense).toBe(modelToBytes({ ...lastModel(messages), masks: new Map() }).length)
  expect(sizes!.file).toBeLessThanOrEqual(bytes)
  expect(sizes!.file).toBeGreaterThan(bytes - 200)
})

it('finds the highest sparsity that keeps the accuracy, and tells every one it tried', async () => {
  const target = { kind: 'accuracy', lose: 0.1 } as const
  const validation = { use: 'evaluate', split: 'validation' } as const
  const stage = { use: 'prune', allocation: 'rate-distortion', target, ...measured } as const
  const messages = await work([validation, stage, validation])
  const [before, pruned, after] = outcomes(messages)
  const result = resultOf(pruned, 'prune')
  const { tried, total, before: right } = result.probes!
  expect([total, right]).toEqual([30, resultOf(before, 'evaluate').correct])
  const best = tried.findLast(({ accepted }) => accepted)!
  expect(result.zeros).toBe(best.zeros)
  expect(resultOf(after, 'evaluate').correct).toBe(best.correct)
  expect(best.correct).toBeGreaterThanOrEqual(right - 3)
  // Bisection: what is accepted rises, what is not falls, and they meet at a thousandth or at what can be reached.
  const rejected = tried.filter(({ accepted }) => !accepted).at(-1)
  expect(rejected!.sparsity - best.sparsity).toBeCloseTo(0.001, 9)
  expect(result.curves).toBeDefined()
})

it('hands over every model that it tried, with the recipe that comes to the same', async () => {
  const target = { kind: 'accuracy', lose: 0.1 } as const
  const before = { use: 'recalibrate', batches: 1, batch: 15 } as const
  const stage = { use: 'prune', allocation: 'rate-distortion', target, additivity: 2, ...measured } as const
  const messages = await work([before, stage])
  const probes = ofType(messages, 'probe')
  const { tried } = resultOf(outcomes(messages)[1], 'prune').probes!
  // What is out of reach is told, and is no model.
  const reached = tried.flatMap(({ correct }) => correct ?? [])
  expect(reached.length).toBeGreaterThan(2)
  expect(probes.map(({ done }) => resultOf(done[1]!.outcome, 'evaluate').correct)).toEqual(reached)
  const probe = probes[1]!
  expect(probe.stage).toBe(1)
  const again = await work([before, ...probe.done.map(({ stage }) => stage)])
  expect(outcomes(again).slice(1)).toEqual(probe.done.map(({ outcome }) => outcome))
  const hash = createHash('sha256')
    .update(modelToBytes(lastModel(again)))
    .digest('hex')
  expect(probe.modelHash).toBe(hash)
  expect(createHash('sha256').update(readFileSync(probe.modelFile)).digest('hex')).toBe(hash)
})

it('to an accuracy and then trains, without curves too', { timeout: 60_000 }, async () => {
  const train = { epochs: 1, batch: 15, optimizer: { kind: 'sgd', lr: 0.001 } } as const
  const stage = { use: 'prune', allocation: 'global', target: { kind: 'accuracy', lose: 0.2 }, train } as const
  const messages = await work([stage])
  const result = resultOf(outcomes(messages)[0], 'prune')
  const best = result.probes!.tried.findLast(({ accepted }) => accepted)!
  expect([result.zeros, result.epochs!.length]).toEqual([best.zeros, 1])
})

it.each([
  [{ target: { kind: 'file-size', bytes: 4000 } }, 'prune.infeasible', 'A model file of 4000 bytes cannot be reached'],
  [{ target: { kind: 'file-size', bytes: 9e8 } }, 'prune.no-change', 'changes nothing: it has '],
  [
    { allocation: 'rate-distortion', target: { kind: 'file-size', bytes: 20_000 }, fractions: [0.5] },
    'prune.infeasible',
    'A model file of 20000 bytes cannot be reached: the smallest that can has ',
  ],
  [
    { allocation: 'rate-distortion', target: { kind: 'accuracy', lose: 0.1 }, floors: { linear: 641 } },
    'prune.infeasible',
    '"linear" is to keep 641 weights and has 640.',
  ],
] as const)('%j is refused before anything is measured', async (stage, code, message) => {
  const job = createJob(folder, data, [{ use: 'prune', ...measured, ...stage } as PruneInput], {
    data: { validation: 0.5 },
  })
  const { messages, error } = await run(job)
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(ofType(messages, 'progress')).toEqual([])
})
