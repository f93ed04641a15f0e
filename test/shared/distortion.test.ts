import { describe, expect, it } from 'vitest'
import { checkRecipe, type RecipeInput } from '../../src/shared/recipe.ts'

type Stage = RecipeInput['stages'][number]
const check = (stage: object) =>
  checkRecipe({
    model: { architecture: 'resnet8-a' },
    data: { path: 'data' },
    stages: [{ use: 'prune', sparsity: 0.5, ...stage } as Stage],
  })
const problems = (stage: object) => check(stage).problems.map(({ path, message }) => `${path}: ${message}`)

describe('rate-distortion in a recipe', () => {
  it('has defaults for everything, also for half a calibration', () => {
    expect(check({ allocation: 'rate-distortion', calibration: { images: 256 } }).recipe?.stages[0]).toMatchObject({
      calibration: { images: 256, choose: 'spread' },
      curve: 'worst',
      monotone: true,
      budget: 'weights',
      additivity: 0,
    })
  })

  it.each([
    [
      { calibration: { images: 0 } },
      'stages[0].calibration.images: stages[0].calibration.images must be at least 1, got 0',
    ],
    [{ calibration: { choose: 'last' } }, 'must be one of spread, first, noise'],
    [{ fractions: [] }, 'stages[0].fractions'],
    [{ fractions: [0.5, 1.1] }, 'stages[0].fractions[1] must be at most 1'],
    [{ floors: { conv1: 1.5 } }, 'must be a whole number of weights, or a share below 1'],
    [{ locks: { conv1: 2 } }, 'stages[0].locks.conv1 must be at most 1'],
  ])('refuses %j', (stage, text) => {
    expect(problems({ allocation: 'rate-distortion', ...stage }).join()).toContain(text)
  })

  it.each([
    [{ allocation: 'lamp', budget: 'macs' }, 'stages[0].budget must be weights for the allocation lamp'],
    [{ floors: { conv1: 9 } }, 'stages[0].floors is for the allocations rate-distortion and lagrangian'],
    [{ allocation: 'erk', locks: {} }, 'stages[0].locks is for the allocations rate-distortion and lagrangian'],
    [
      {
        allocation: 'lagrangian',
        schedule: { kind: 'gradual', endEpoch: 1, per: 'step' },
        train: { epochs: 2 },
      },
      'stages[0].schedule.per must be epoch for the allocation lagrangian',
    ],
  ])('refuses %j, which would be ignored or never end', (stage, text) => {
    expect(problems(stage).join()).toContain(text)
  })
})
