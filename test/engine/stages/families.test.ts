/** One-shot and gradual pruning with training of every kind of network that is pruned: fresh weights, a few steps. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar, writeHar } from '../small-data.ts'

const folder = temporaryFolder()
let data: { images: string; series: string }
beforeAll(() => {
  data = {
    images: writeCifar(folder, { train: 10, test: 10 }),
    series: writeHar(folder, { train: 24, test: 12 }),
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const networks = [
  ['wrn-10-1', 'images', 4],
  ['mobilenet-v1-cifar', 'images', 4],
  ['resnet50-cifar', 'images', 5],
  ['fastgrnn-80', 'series', 8],
] as const

describe.each(networks)('%s', (architecture, kind, batch) => {
  it('is pruned at once and gradually, each to exactly its target', async () => {
    const train = { epochs: 1, batch, optimizer: { lr: 0.001 } } as const
    const job = createJob(
      folder,
      data[kind],
      [
        { use: 'prune', sparsity: 0.5 },
        { use: 'prune', sparsity: 0.9, schedule: { kind: 'gradual', endEpoch: 1, per: 'step' }, train },
        { use: 'evaluate' },
      ],
      { model: { architecture }, data: { validation: 0, normalize: kind === 'images' ? 'cifar10' : 'none' } },
    )
    const { messages, error } = await run(job)
    expect(error).toBeUndefined()
    const [once, gradually, scored] = outcomes(messages)
    const { zeros, weights } = resultOf(once, 'prune')
    expect(zeros).toBe(floorShare(0.5, weights))
    const pruned = resultOf(gradually, 'prune')
    expect(pruned.zeros).toBe(floorShare(0.9, weights))
    expect(pruned.epochs!.every(({ loss }) => Number.isFinite(loss))).toBe(true)
    expect(resultOf(scored, 'evaluate')).toMatchObject({ zeros: pruned.zeros, weights })
  })
})
