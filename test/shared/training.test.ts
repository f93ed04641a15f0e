/** What recipes say of training: defaults, short forms, and what is refused. */
import { describe, expect, it } from 'vitest'
import { checkRecipe, parseRecipe, type RecipeInput } from '../../src/shared/recipe.ts'
import { prune, recipeOf, train, unknownKeys, wrongValues } from './training-faults.ts'

const filled = (stage: RecipeInput['stages'][number]) => parseRecipe(recipeOf(stage)).stages[0]!

describe('training in a recipe', () => {
  it('needs epochs only; the rest has the defaults of the design', () => {
    expect(filled({ use: 'train', epochs: 2 })).toEqual({
      use: 'train',
      trainable: 'all',
      epochs: 2,
      batch: 128,
      optimizer: { kind: 'sgd', lr: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 },
      schedule: { kind: 'constant', per: 'epoch', warmUpEpochs: 0 },
      labelSmoothing: 0,
      precision: 'f32',
      keep: 'best',
    })
    expect(filled({ use: 'recalibrate' })).toEqual({ use: 'recalibrate', batches: 8, batch: 128 })
    expect(filled({ use: 'prune', sparsity: 0.5 })).toMatchObject({ schedule: { kind: 'one-shot' } })
  })

  it('a kind alone, its object, and the usual kind left out are the same recipe', () => {
    const same = (...written: object[]) => {
      const [first, ...rest] = written.map(part => parseRecipe(recipeOf({ use: 'train', epochs: 3, ...part })))
      for (const other of rest) expect(other).toEqual(first)
    }
    same({ schedule: 'cosine' }, { schedule: { kind: 'cosine' } }, { schedule: { kind: 'cosine', minimum: 0 } })
    same({ optimizer: 'sgd' }, { optimizer: {} }, { optimizer: { lr: 0.1 } }, {})
    same({ optimizer: 'adamw' }, { optimizer: { kind: 'adamw', lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } })
    same({ schedule: { warmUpEpochs: 1 } }, { schedule: { kind: 'constant', warmUpEpochs: 1 } })
  })

  it('is the same after it was filled in once', () => {
    const whole = parseRecipe(
      recipeOf({ use: 'prune', sparsity: 0.9, schedule: { kind: 'gradual', endEpoch: 2 }, train: { epochs: 3 } }),
    )
    expect(parseRecipe(JSON.parse(JSON.stringify(whole)))).toEqual(whole)
  })

  it.each(wrongValues)('%j is refused, naming the place', (stage, path, words, hint) => {
    const { problems } = checkRecipe(recipeOf(stage))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ path: `stages[0].${path}`, code: 'recipe.invalid' })
    expect(problems[0]!.message).toMatch(words)
    expect(problems[0]!.hint).toBe(hint)
  })

  it.each(unknownKeys)('%j has a key that is unknown there', (stage, path, hint) => {
    const { problems } = checkRecipe(recipeOf(stage))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ path: `stages[0].${path}`, code: 'recipe.unknown-key' })
    expect(problems[0]!.hint).toBe(hint)
  })

  it('stopping early needs validation samples', () => {
    const { problems } = checkRecipe(recipeOf(train({ earlyStop: 2 }), { validation: 0 }))
    expect(problems).toMatchObject([{ path: 'stages[0].earlyStop', message: expect.stringContaining('validation') }])
    const inside = prune({ train: { epochs: 1, earlyStop: 2 } })
    expect(checkRecipe(recipeOf(inside, { validation: 0 })).problems).toMatchObject([
      { path: 'stages[0].train.earlyStop' },
    ])
    expect(checkRecipe(recipeOf(inside)).problems).toEqual([])
  })
})
