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
    [{ sparsity: undefined }, 'stages[0].sparsity is required where there is no target'],
    [{ target: { kind: 'file-size', bytes: 9 } }, 'stages[0].target cannot stand beside sparsity'],
    [{ sparsity: undefined, target: { kind: 'file-size' } }, 'stages[0].target.bytes is required'],
    [{ sparsity: undefined, target: { kind: 'size', bytes: 9 } }, 'must be one of file-size, accuracy'],
    [
      { sparsity: undefined, target: { kind: 'file-size', bytes: 9 }, allocation: 'lagrangian', budget: 'macs' },
      'stages[0].budget must be weights for a target of file-size',
    ],
    [
      { sparsity: undefined, target: { kind: 'file-size', bytes: 9 }, allocation: 'global-mt' },
      'stages[0].allocation must be one that takes exact counts',
    ],
    [{ sparsity: undefined, target: { kind: 'accuracy', lose: 1 } }, 'stages[0].target.lose must be below 1'],
    [
      { sparsity: undefined, target: { kind: 'accuracy', lose: 0.01 }, schedule: 'iterative', train: { epochs: 1 } },
      'stages[0].target of accuracy is found before any training; the schedule must be one-shot, not iterative',
    ],
  ])('refuses %j as a target', (stage, text) => {
    expect(problems(stage).join()).toContain(text)
  })

  it('has another target than sparsity where that is left out', () => {
    const target = { kind: 'accuracy', lose: 0.005 }
    expect(check({ sparsity: undefined, target }).recipe?.stages[0]).toMatchObject({ target })
    const { problems: found } = checkRecipe({
      model: { architecture: 'resnet8-a' },
      data: { path: 'data', validation: 0 },
      stages: [{ use: 'prune', target }],
    })
    expect(found[0]).toMatchObject({
      path: 'stages[0].target',
      message: 'stages[0].target needs validation samples, and data.validation is 0',
    })
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
