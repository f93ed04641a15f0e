/** The sparsity that follows from a file size or an accuracy. */
import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import type { Model } from '../../src/core/graph/model.ts'
import { initialise } from '../../src/core/initialise.ts'
import { type Pruned, prune } from '../../src/core/pruning/prune.ts'
import { createRandom } from '../../src/core/random.ts'
import { fileSizes, sparsityForAccuracy, sparsityForFileSize } from '../../src/engine/pruning-target.ts'
import { modelToBytes } from '../../src/formats/model-file.ts'

const graph = architectureOf('resnet8-a')
const model: Model = { architecture: 'resnet8-a', graph, weights: initialise(graph, 0), masks: new Map() }
const pruned = (allocation: 'global' | 'uniform' | 'erk', sparsity: number) =>
  prune(model, { allocation, score: 'magnitude', sparsity })
const fileOf = ({ model: result }: Pruned) => modelToBytes(result).length
const target = (bytes: number) => ({ kind: 'file-size', bytes }) as const

describe('a file size', () => {
  it.each(['global', 'uniform', 'erk'] as const)(
    'is met by %s, to what the header saves by shorter numbers',
    allocation => {
      const [dense, smallest] = [modelToBytes(model).length, fileOf(pruned('global', 0.99))]
      for (const share of [0.05, 0.3, 0.5, 0.9, 0.99]) {
        const bytes = Math.round(smallest + share * (dense - smallest))
        const found = pruned(
          allocation,
          sparsityForFileSize(fileSizes(model), target(bytes), s => pruned(allocation, s).zeros),
        )
        expect(fileOf(found)).toBeLessThanOrEqual(bytes)
        // A layer that stays whole has no bits; uniform counts by layer.
        const slack = allocation === 'uniform' ? 4 * found.layers.length : 0
        const whole = found.layers.filter(({ zeros }) => zeros === 0)
        const saved = whole.reduce((sum, { weights }) => sum + Math.ceil(weights / 8) + 120, 0)
        expect(bytes - fileOf(found)).toBeLessThan(120 + slack + saved)
      }
    },
  )

  it('that is larger than the file asks for no zero', () => {
    expect(
      pruned(
        'global',
        sparsityForFileSize(fileSizes(model), target(1e8), s => pruned('global', s).zeros),
      ).zeros,
    ).toBe(0)
  })

  it.each([
    ['global', {}, 5000],
    ['uniform', { minimumKeep: 100 }, 60_000],
    ['uniform-plus', {}, 15_000],
    ['global', { minimumKeep: 500 }, 20_000],
  ] as const)('that %s cannot reach with %j is refused, and the smallest that is told can be', (id, more, bytes) => {
    const fileSize = (sparsity: number) => prune(model, { allocation: id, score: 'magnitude', sparsity, ...more })
    const sparsityFor = (size: number) => sparsityForFileSize(fileSizes(model), target(size), s => fileSize(s).zeros)
    let told = ''
    try {
      sparsityFor(bytes)
    } catch (error) {
      expect(error).toMatchObject({ code: 'prune.infeasible' })
      told = (error as Error).message
    }
    const [, least] = /^A model file of \d+ bytes cannot be reached: the smallest that can has (\d+)\.$/.exec(told)!
    expect(fileOf(fileSize(sparsityFor(Number(least))))).toBeLessThanOrEqual(Number(least))
    expect(() => sparsityFor(Number(least) - 4)).toThrow(`the smallest that can has ${least}`)
  })
})

describe('an accuracy', () => {
  const total = 1000
  const before = 900
  /** Right at a sparsity, by a made-up rule; what is pruned says no more than its number of zeros. */
  function search(lose: number, rightAt: (sparsity: number) => number | undefined, from = 0) {
    let current = 0
    return sparsityForAccuracy(
      { kind: 'accuracy', lose },
      {
        ...{ total, before, from },
        prune(sparsity) {
          current = sparsity
          return rightAt(sparsity) === undefined
            ? undefined
            : { model, layers: [], zeros: Math.round(sparsity * 1e6), weights: 1e6, newlyMasked: 1 }
        },
        score: async () => rightAt(current)!,
      },
    )
  }

  it('that falls with sparsity ends at the last thousandth that holds, as trying all of them would', async () => {
    const random = createRandom(1)
    for (let round = 0; round < 200; round++) {
      const [knee, slope, reach] = [random.uniform(), 1 + 3000 * random.uniform(), 0.5 + random.uniform()]
      const rightAt = (s: number) => (s > reach ? undefined : Math.round(before - Math.max(0, s - knee) * slope))
      const lose = random.below(30) / total
      const holds = Array.from({ length: 999 }, (_, i) => (i + 1) / 1000).filter(
        s => (rightAt(s) ?? -1) >= before - lose * total - 1e-9,
      )
      const found = await search(lose, rightAt).catch(error => error.code)
      if (holds.length === 0) expect(found).toBe('prune.infeasible')
      else expect(found.sparsity).toBe(holds.at(-1))
      if (holds.length > 0) expect(found.probes.tried.length).toBeLessThanOrEqual(10)
    }
  })

  it('that goes up and down ends at one that was tried and holds', async () => {
    const random = createRandom(2)
    let found = 0
    for (let round = 0; round < 50; round++) {
      const values = Array.from({ length: 1001 }, () => 850 + random.below(100))
      const result = await search(0.005, s => values[Math.round(s * 1000)]).catch(() => undefined)
      if (!result) continue
      found++
      const { sparsity, probes } = result
      expect(probes).toMatchObject({ total, before })
      expect(probes.tried).toContainEqual({
        ...{
          sparsity,
          zeros: Math.round(sparsity * 1e6),
          correct: values[Math.round(sparsity * 1000)],
          accepted: true,
        },
      })
      for (const { correct, accepted } of probes.tried) expect(accepted).toBe(correct! >= before - 5)
    }
    expect(found).toBeGreaterThan(30)
  })

  it('starts above what is gone already, and says what it saw where nothing holds', async () => {
    const { probes } = await search(0.5, () => 900, 0.8)
    expect(probes.tried.every(({ sparsity }) => sparsity > 0.8)).toBe(true)
    await expect(search(0, () => 899, 0.8)).rejects.toMatchObject({
      code: 'prune.infeasible',
      message: 'No sparsity was found that loses at most 0 on validation: at 0.801 899 of 1000 are right, before 900.',
    })
    await expect(search(0, () => undefined)).rejects.toMatchObject({ code: 'prune.infeasible' })
  })
})
