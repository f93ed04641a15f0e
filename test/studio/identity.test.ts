import { describe, expect, it } from 'vitest'
import { type KeyInputs, stageKeys } from '../../src/studio/identity.ts'
import { exampleRecipe } from './project/examples.ts'

const inputs = (changes: Partial<KeyInputs> = {}): KeyInputs => ({
  recipe: exampleRecipe(),
  seed: 0,
  dataFingerprint: 'data',
  weightsFingerprint: 'weights',
  architecture: 'resnet20-a',
  engineVersion: 'engine',
  ...changes,
})
const stages = exampleRecipe().stages

describe('stage keys', () => {
  it('are one SHA-256 a stage, all different, also for equal stages', () => {
    const keys = stageKeys(inputs())
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(3)
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/)
  })

  it('are equal up to the first stage that differs', () => {
    const a = stageKeys(inputs())
    const b = stageKeys(
      inputs({ recipe: exampleRecipe({ stages: [stages[0]!, { use: 'prune', sparsity: 0.6 }, stages[2]!] }) }),
    )
    expect(b[0]).toBe(a[0])
    expect(b[1]).not.toBe(a[1])
    expect(b[2]).not.toBe(a[2])
  })

  const same: [string, Partial<KeyInputs>][] = [
    ['the name', { recipe: exampleRecipe({ name: 'Other' }) }],
    ['the path of the data', { recipe: exampleRecipe({ data: { path: '/elsewhere' } }) }],
    ['the path of the checkpoint', { recipe: exampleRecipe({ model: { checkpoint: '/elsewhere.th' } }) }],
    ['the list of seeds', { recipe: exampleRecipe({ seeds: [5, 6] }) }],
    ['defaults that are written out', { recipe: exampleRecipe({ data: { path: '/data/tiny', augment: 'none' } }) }],
    [
      'the order of keys',
      {
        recipe: exampleRecipe({
          stages: [stages[0]!, { sparsity: 0.5, score: 'magnitude', allocation: 'global', use: 'prune' }, stages[2]!],
        }),
      },
    ],
  ]
  it.each(same)('do not depend on %s', (_, changes) => {
    expect(stageKeys(inputs(changes))).toEqual(stageKeys(inputs()))
  })

  const different: [string, Partial<KeyInputs>][] = [
    ['the seed', { seed: 1 }],
    ['the data', { dataFingerprint: 'other' }],
    ['the weights', { weightsFingerprint: 'other' }],
    ['fresh weights', { weightsFingerprint: null }],
    ['the architecture', { architecture: 'resnet20-b' }],
    ['the engine', { engineVersion: 'other' }],
    ['the normalisation', { recipe: exampleRecipe({ data: { path: '/data/tiny', normalize: 'half' } }) }],
    [
      'what fresh gammas begin as',
      {
        weightsFingerprint: null,
        recipe: exampleRecipe({ model: { architecture: 'resnet20-a', batchNorm: 'oneone' } }),
      },
    ],
    ['the validation share', { recipe: exampleRecipe({ data: { path: '/data/tiny', validation: 0 } }) }],
  ]
  it('depend on a later stage that trains in part, for fresh gammas are others then', () => {
    const fresh = (trainable: 'all' | 'batchnorm') => {
      const recipe = exampleRecipe({
        model: { architecture: 'resnet20-a' },
        stages: [{ use: 'evaluate' }, { use: 'train', epochs: 1, trainable }],
      })
      return (weightsFingerprint: string | null) => stageKeys(inputs({ recipe, weightsFingerprint }))[0]
    }
    expect(fresh('batchnorm')(null)).not.toBe(fresh('all')(null))
    expect(fresh('batchnorm')('weights')).toBe(fresh('all')('weights'))
  })

  it.each(different)('all depend on %s', (_, changes) => {
    const a = stageKeys(inputs())
    const b = stageKeys(inputs(changes))
    for (const [index, key] of a.entries()) expect(b[index]).not.toBe(key)
  })
})
