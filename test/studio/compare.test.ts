import { expect, it } from 'vitest'
import type { StageOutcome } from '../../src/shared/stages.ts'
import { compareRuns, type RunToCompare } from '../../src/studio/compare.ts'
import { evaluated, exampleRecipe, pruned } from './project/examples.ts'

function run(number: number, sparsity: number, outcomes: (StageOutcome | null)[], zeros: number): RunToCompare {
  const recipe = exampleRecipe({ stages: [{ use: 'evaluate' }, { use: 'prune', sparsity }, { use: 'evaluate' }] })
  const layers = [
    { name: 'conv1', weights: 8, zeros },
    { name: 'fc', weights: 4, zeros: 0 },
  ]
  return {
    layers: [{ stage: 1, step: 0, layers }],
    run: {
      ownerId: 'me',
      recipe,
      again: false,
      stopRequested: false,
      device: null,
      progress: null,
      inputs: {
        data: { name: 'tiny', fingerprint: 'd' },
        model: { name: 'net.th', architecture: 'resnet8-a', fingerprint: 'm' },
        engine: 'e',
        // conv1 uses each of its 8 weights 100 times; the pooling costs 5 whatever is pruned.
        layers: [
          { name: 'conv1', macs: 800, weights: 8 },
          { name: 'pool', macs: 5, weights: null },
          { name: 'fc', macs: 4, weights: 4 },
        ],
      },
      summary: {
        id: `run-${number}`,
        number,
        name: recipe.name,
        seed: 0,
        state: 'finished',
        identity: null,
        recipeId: null,
        triedBy: null,
        createdAt: 0,
        startedAt: 0,
        endedAt: 9000,
        error: null,
        stages: outcomes.map((outcome, index) => ({
          index,
          use: recipe.stages[index]!.use,
          state: outcome ? 'finished' : 'waiting',
          startedAt: null,
          seconds: outcome ? 1.5 : null,
          cached: false,
          outcome,
        })),
      },
    },
  }
}

it('puts first and last evaluation, zeros, MACs and time of each run side by side', () => {
  const { runs, differing } = compareRuns([
    run(1, 0.5, [evaluated(4), pruned(4), evaluated(3)], 4),
    run(2, 0.75, [evaluated(4), pruned(6), evaluated(1)], 6),
  ])
  expect(runs[0]).toMatchObject({
    number: 1,
    model: 'net.th',
    data: 'tiny',
    accuracy: { correct: 3, total: 4, top1: 0.75, split: 'test' },
    before: { correct: 4, total: 4, top1: 1, split: 'test' },
    macs: 809,
    // 800 x 4/8 + 5 + 4
    nonzeroMacs: 409,
    seconds: 4.5,
  })
  expect(runs[1]!.nonzeroMacs).toBe(209)
  expect(differing).toEqual(['stages[1].sparsity'])
  expect(runs.map(({ settings }) => settings['stages[1].sparsity'])).toEqual(['0.5', '0.75'])
  expect(Object.keys(runs[0]!.settings)).not.toContain('name')
})

it('says nothing where there is nothing yet', () => {
  const { runs } = compareRuns([run(1, 0.5, [null, null, null], 0)])
  expect(runs[0]).toMatchObject({ accuracy: null, before: null, zeros: null, sparsity: null, seconds: null })
  const [empty] = compareRuns([{ ...run(1, 0.5, [null, null, null], 0), layers: [] }]).runs
  expect(empty).toMatchObject({ macs: 809, nonzeroMacs: null, layers: [] })
})

it('has one evaluation as the result, not as what was before', () => {
  const { runs } = compareRuns([run(1, 0.5, [evaluated(4), pruned(4), null], 4)])
  expect(runs[0]).toMatchObject({ accuracy: { correct: 4 }, before: null, zeros: 4, weights: 8, sparsity: 0.5 })
})

it('tells runs apart by a stage that one does not have and what is set in it, not by its defaults', () => {
  const longer = run(2, 0.5, [evaluated(4), pruned(4), evaluated(3)], 4)
  const recipe = exampleRecipe({ stages: [...longer.run.recipe.stages, { use: 'evaluate', split: 'train' }] })
  const { differing } = compareRuns([
    run(1, 0.5, [evaluated(4), pruned(4), evaluated(3)], 4),
    { ...longer, run: { ...longer.run, recipe } },
  ])
  expect(differing).toEqual(['stages[3].use', 'stages[3].split'])
})
