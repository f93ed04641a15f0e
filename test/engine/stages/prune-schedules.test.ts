import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { planOf } from '../../../src/engine/training/plan.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import type { StageOf } from '../../../src/shared/stages.ts'
import { curve, hashes, lastModel, ofType, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 50, test: 20 })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** 45 training samples: 3 steps an epoch. */
const train = { epochs: 5, batch: 16, optimizer: { kind: 'sgd', lr: 0.05, weightDecay: 1e-3 } } as const
const weights = 74_800
const job = (stages: RecipeInput['stages'], more: Parameters<typeof createJob>[3] = {}) =>
  createJob(folder, data, stages, more)
const zerosOf = (snapshot: { layers: readonly { zeros: number }[] }) =>
  snapshot.layers.reduce((sum, { zeros }) => sum + zeros, 0)

describe('a plan', () => {
  type Schedule = StageOf<'prune'>['schedule']
  const plan = (schedule: Schedule, from = 0) => planOf({ schedule, sparsity: 0.9 }, { from, epochs: 6, steps: 10 })
  const perEpoch = (schedule: Schedule, from?: number) => {
    const { rounds, sparsityAt } = plan(schedule, from)
    return Array.from({ length: rounds * 6 + 1 }, (_, epoch) => sparsityAt(epoch, 0))
  }
  const rounded = (values: (number | undefined)[]) => values.map(value => value && Number(value.toFixed(6)))

  it('gradual: cubic from start to end, once an epoch, exact at its end', () => {
    const schedule = { kind: 'gradual', startEpoch: 1, endEpoch: 4, per: 'epoch' } as const
    // .9 (1 - (1 - t / 3)^3) for t = 0, 1, 2, 3
    expect(rounded(perEpoch(schedule))).toEqual([undefined, 0, 0.633333, 0.866667, 0.9, undefined, undefined])
    expect(plan(schedule).settledAt).toBe(4)
    expect([1, 5, 9].map(step => plan(schedule).sparsityAt(2, step))).toEqual([undefined, undefined, undefined])
  })

  it('gradual each step: between the epochs too, and not past the end', () => {
    const { sparsityAt } = plan({ kind: 'gradual', startEpoch: 0, endEpoch: 2, per: 'step' })
    expect(sparsityAt(1, 0)).toBeCloseTo(0.9 * (1 - 0.5 ** 3), 12)
    expect(sparsityAt(0, 5)).toBeCloseTo(0.9 * (1 - 0.75 ** 3), 12)
    expect([sparsityAt(2, 0), sparsityAt(2, 1), sparsityAt(3, 0)]).toEqual([0.9, undefined, undefined])
  })

  it('iterative: rounds of one share, or the share that so many rounds need', () => {
    // What is left: .5, .25, .125, then the target.
    const halves = plan({ kind: 'iterative', share: 0.5 })
    expect([halves.rounds, halves.settledAt]).toEqual([4, 18])
    expect([0, 6, 12, 18, 24].map(epoch => halves.sparsityAt(epoch, 0))).toEqual([0.5, 0.75, 0.875, 0.9, undefined])
    const three = plan({ kind: 'iterative', rounds: 3 })
    expect(three.rounds).toBe(3)
    const left = 0.1 ** (1 / 3)
    expect(three.sparsityAt(0, 0)).toBeCloseTo(1 - left, 12)
    expect(three.sparsityAt(6, 0)).toBeCloseTo(1 - left ** 2, 12)
    expect(three.sparsityAt(12, 0)).toBe(0.9)
    // Frankle and Carbin: a fifth a round; .8^11 = .086 < .1
    expect(plan({ kind: 'iterative' }).rounds).toBe(11)
    expect(plan({ kind: 'iterative' }, 0.5).rounds).toBe(8)
  })

  it('one shot: at the start, and never again', () => {
    expect(perEpoch({ kind: 'one-shot' })).toEqual([0.9, ...Array(6).fill(undefined)])
  })
})

describe('gradual pruning', () => {
  const gradual = {
    use: 'prune',
    sparsity: 0.9,
    schedule: { kind: 'gradual', startEpoch: 0, endEpoch: 3 },
    train,
  } as const

  it('ends at exactly the target, by masks that only grow, each as large as the schedule says', async () => {
    const { messages, error } = await run(job([gradual, { use: 'evaluate' }]))
    expect(error).toBeUndefined()
    const [pruning, scored] = outcomes(messages)
    const pruned = resultOf(pruning, 'prune')
    expect([pruned.zeros, pruned.weights]).toEqual([floorShare(0.9, weights), weights])
    expect(resultOf(scored, 'evaluate').zeros).toBe(pruned.zeros)
    const expected = [1, 2, 3].map(t => floorShare(0.9 + (0 - 0.9) * (1 - t / 3) ** 3, weights))
    expect(pruned.epochs!.map(({ sparsity }) => Math.round(sparsity * weights))).toEqual([0, ...expected, expected[2]])
    // Dense, before the epochs 2, 3 and 4, and at the end.
    const snapshots = ofType(messages, 'layers').filter(({ stage }) => stage === 0)
    expect(snapshots.map(({ step }) => step)).toEqual([0, 3, 6, 9, 15])
    expect(snapshots.map(zerosOf)).toEqual([0, ...expected, expected[2]])
    for (const [i, snapshot] of snapshots.entries())
      for (const [at, { zeros }] of snapshot.layers.entries())
        expect(zeros).toBeGreaterThanOrEqual(snapshots[i - 1]?.layers[at]?.zeros ?? 0)
    expect(curve(messages, 'sparsity').map(([step]) => step)).toEqual([3, 6, 9])
    // Only an epoch with the final masks can be kept.
    expect(pruned.kept).toBeGreaterThanOrEqual(4)
  })

  it('every step, to the end of training: the last masks come after the last step', async () => {
    const whole = {
      ...gradual,
      schedule: { kind: 'gradual', endEpoch: 2, per: 'step' },
      train: { ...train, epochs: 2 },
    } as const
    const { messages } = await run(job([whole]))
    const pruned = resultOf(outcomes(messages)[0], 'prune')
    expect(pruned.zeros).toBe(floorShare(0.9, weights))
    expect(pruned.epochs!.at(-1)!.sparsity).toBeLessThan(0.9)
    expect(pruned.kept).toBe(2)
    expect(curve(messages, 'sparsity').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6])
    expect([...lastModel(messages).masks.values()].flatMap(mask => [...mask]).filter(kept => kept === 0)).toHaveLength(
      pruned.zeros,
    )
  })

  it('goes on from a model that is pruned already, and is the same again', async () => {
    const stages = [{ use: 'prune', sparsity: 0.5, allocation: 'uniform' }, gradual] as const
    const [one, two] = await Promise.all([run(job([...stages])), run(job([...stages]))])
    expect(hashes(one.messages)).toEqual(hashes(two.messages))
    const pruned = resultOf(outcomes(one.messages)[1], 'prune')
    expect(pruned.zeros).toBe(floorShare(0.9, weights))
    expect(pruned.epochs![0]!.sparsity).toBeCloseTo(0.5, 3)
  })

  it.each(['random', 'taylor'] as const)('by the score %s', async score => {
    const { messages, error } = await run(job([{ ...gradual, score, gradientBatches: 2 }]))
    expect(error).toBeUndefined()
    expect(resultOf(outcomes(messages)[0], 'prune').zeros).toBe(floorShare(0.9, weights))
  })

  it('is refused before it trains where the target cannot be met or is there already', async () => {
    const { messages, error } = await run(job([{ ...gradual, minimumKeep: 0.2 }]))
    expect(error).toMatchObject({ code: 'prune.infeasible' })
    expect(ofType(messages, 'metrics')).toEqual([])
    const twice = await run(job([{ use: 'prune', sparsity: 0.9 }, gradual]))
    expect(twice.error).toMatchObject({ code: 'prune.no-change' })
    expect(ofType(twice.messages, 'metrics')).toEqual([])
  })
})

describe('iterative pruning', () => {
  it('trains after each round, from a fresh optimizer and the first learning rate', async () => {
    const { messages, error } = await run(
      job([
        {
          use: 'prune',
          sparsity: 0.75,
          schedule: { kind: 'iterative', rounds: 2 },
          train: { ...train, epochs: 2, schedule: 'linear' },
        },
      ]),
    )
    expect(error).toBeUndefined()
    const pruned = resultOf(outcomes(messages)[0], 'prune')
    expect(pruned.epochs!.map(({ sparsity }) => sparsity)).toEqual([0.5, 0.5, 0.75, 0.75])
    expect(pruned.epochs!.map(({ learningRate }) => learningRate)).toEqual([0.05, 0.025, 0.05, 0.025])
    expect(pruned.kept).toBeGreaterThanOrEqual(3)
    expect(ofType(messages, 'layers').map(zerosOf)).toEqual([0, weights / 2, (weights * 3) / 4, (weights * 3) / 4])
  })

  it('one shot with training is pruning and then training', async () => {
    const once = await run(job([{ use: 'prune', sparsity: 0.6, train: { ...train, epochs: 2 } }]))
    const pruned = resultOf(outcomes(once.messages)[0], 'prune')
    expect(pruned.epochs!.map(({ sparsity }) => Math.round(sparsity * weights))).toEqual(Array(2).fill(0.6 * weights))
  })
})

describe('a score by gradients', () => {
  it('prunes at once, in the order of |w g|, the same again', async () => {
    const stages = [{ use: 'prune', sparsity: 0.5, score: 'taylor', gradientBatches: 1 }] as const
    const [one, two] = await Promise.all([run(job([...stages])), run(job([...stages]))])
    const magnitude = await run(job([{ use: 'prune', sparsity: 0.5 }]))
    expect(resultOf(outcomes(one.messages)[0], 'prune').zeros).toBe(weights / 2)
    expect(hashes(one.messages)).toEqual(hashes(two.messages))
    expect(hashes(one.messages)).not.toEqual(hashes(magnitude.messages))
  })
})
