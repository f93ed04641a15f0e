/** What recipes say of training: defaults, short forms, and what is refused. */
import { describe, expect, it } from 'vitest'
import { checkRecipe, parseRecipe, type RecipeInput } from '../../src/shared/recipe.ts'

const recipe = (stage: unknown, data = {}) => ({
  model: { architecture: 'resnet8-a' },
  data: { path: 'data', ...data },
  stages: [stage],
})
const filled = (stage: RecipeInput['stages'][number]) => parseRecipe(recipe(stage)).stages[0]!

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
      const [first, ...rest] = written.map(part => parseRecipe(recipe({ use: 'train', epochs: 3, ...part })))
      for (const other of rest) expect(other).toEqual(first)
    }
    same({ schedule: 'cosine' }, { schedule: { kind: 'cosine' } }, { schedule: { kind: 'cosine', minimum: 0 } })
    same({ optimizer: 'sgd' }, { optimizer: {} }, { optimizer: { lr: 0.1 } }, {})
    same({ optimizer: 'adamw' }, { optimizer: { kind: 'adamw', lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } })
    same({ schedule: { warmUpEpochs: 1 } }, { schedule: { kind: 'constant', warmUpEpochs: 1 } })
  })

  it('is the same after it was filled in once', () => {
    const whole = parseRecipe(
      recipe({ use: 'prune', sparsity: 0.9, schedule: { kind: 'gradual', endEpoch: 2 }, train: { epochs: 3 } }),
    )
    expect(parseRecipe(JSON.parse(JSON.stringify(whole)))).toEqual(whole)
  })

  const train = (part: object) => ({ use: 'train', epochs: 4, ...part })
  const prune = (part: object) => ({ use: 'prune', sparsity: 0.9, ...part })
  const broken: [unknown, string, RegExp, string?][] = [
    [{ use: 'train' }, 'epochs', /is required/],
    [train({ epochs: 0 }), 'epochs', /must be at least 1, got 0$/],
    [train({ epochs: 1.5 }), 'epochs', /epochs/],
    [train({ epochs: 1e6 }), 'epochs', /must be at most 10000/],
    [train({ batch: 0 }), 'batch', /must be at least 1, got 0$/],
    [
      train({ optimizer: 'adm' }),
      'optimizer.kind',
      /must be one of sgd, adam, adamw, got "adm"/,
      'Did you mean "adam"?',
    ],
    [train({ optimizer: { kind: 'SGD' } }), 'optimizer.kind', /must be one of sgd, adam, adamw/, 'Did you mean "sgd"?'],
    [train({ optimizer: 0.1 }), 'optimizer', /must be of type object, got 0\.1$/],
    [train({ optimizer: { lr: 0 } }), 'optimizer.lr', /must be above 0, got 0$/],
    [train({ optimizer: { lr: -1 } }), 'optimizer.lr', /must be above 0/],
    [train({ optimizer: { lr: '0.1' } }), 'optimizer.lr', /must be of type number, got "0\.1"$/],
    [train({ optimizer: { momentum: 1 } }), 'optimizer.momentum', /must be below 1, got 1$/],
    [train({ optimizer: { momentum: 0, nesterov: true } }), 'optimizer.nesterov', /needs a momentum above 0/],
    [train({ optimizer: { weightDecay: -1e-4 } }), 'optimizer.weightDecay', /must be at least 0/],
    [train({ optimizer: { kind: 'adam', beta2: 1 } }), 'optimizer.beta2', /must be below 1/],
    [train({ optimizer: { kind: 'adam', epsilon: 0 } }), 'optimizer.epsilon', /must be above 0/],
    [train({ schedule: 'cosin' }), 'schedule.kind', /must be one of constant, cosine/, 'Did you mean "cosine"?'],
    [train({ schedule: { kind: 'step', milestones: [] } }), 'schedule.milestones', /at least 1/],
    [train({ schedule: { kind: 'step', milestones: [0] } }), 'schedule.milestones[0]', /must be at least 1/],
    [train({ schedule: { kind: 'step', factor: 1 } }), 'schedule.factor', /must be below 1/],
    [train({ schedule: { kind: 'cosine', minimum: -1 } }), 'schedule.minimum', /must be at least 0/],
    [train({ schedule: { warmUpEpochs: 5 } }), 'schedule.warmUpEpochs', /must be at most epochs, which is 4, got 5$/],
    [train({ labelSmoothing: 1 }), 'labelSmoothing', /must be below 1/],
    [train({ clipNorm: 0 }), 'clipNorm', /must be above 0/],
    [train({ precision: 'fp16' }), 'precision', /must be one of f32, bf16/, 'Did you mean "bf16"?'],
    [train({ keep: 'bst' }), 'keep', /must be one of best, last/, 'Did you mean "best"?'],
    [train({ earlyStop: 0 }), 'earlyStop', /must be at least 1/],
    [{ use: 'recalibrate', batches: 0 }, 'batches', /must be at least 1/],
    [prune({ schedule: 'gradual' }), 'schedule.endEpoch', /is required/],
    [prune({ schedule: 'iterative' }), 'train', /is required by the schedule iterative/],
    [prune({ schedule: { endEpoch: 3 } }), 'schedule.kind', /must be one of one-shot, gradual, iterative/],
    [
      prune({ schedule: { kind: 'gradual', startEpoch: 3, endEpoch: 3 }, train: { epochs: 4 } }),
      'schedule.startEpoch',
      /must be below endEpoch, which is 3/,
    ],
    [
      prune({ schedule: { kind: 'gradual', endEpoch: 5 }, train: { epochs: 4 } }),
      'schedule.endEpoch',
      /must be at most train\.epochs, which is 4/,
    ],
    [
      prune({ schedule: { kind: 'iterative', rounds: 2, share: 0.5 }, train: { epochs: 1 } }),
      'schedule.share',
      /cannot stand beside rounds/,
    ],
    [prune({ schedule: { kind: 'iterative', share: 1 }, train: { epochs: 1 } }), 'schedule.share', /must be below 1/],
    [
      prune({ train: { epochs: 2, optimizer: 'sdg' } }),
      'train.optimizer.kind',
      /must be one of sgd/,
      'Did you mean "sgd"?',
    ],
    [prune({ gradientBatches: 0 }), 'gradientBatches', /must be at least 1/],
  ]
  it.each(broken)('%j is refused, naming the place', (stage, path, words, hint) => {
    const { problems } = checkRecipe(recipe(stage))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ path: `stages[0].${path}`, code: 'recipe.invalid' })
    expect(problems[0]!.message).toMatch(words)
    expect(problems[0]!.hint).toBe(hint)
  })

  const unknown: [unknown, string, string | undefined][] = [
    [train({ epoch: 1 }), 'epoch', 'Did you mean "epochs"?'],
    [train({ optimizer: { momentom: 0.9 } }), 'optimizer.momentom', 'Did you mean "momentum"?'],
    [train({ optimizer: { kind: 'adam', momentum: 0.9 } }), 'optimizer.momentum', undefined],
    [train({ schedule: { kind: 'cosine', minimun: 0 } }), 'schedule.minimun', 'Did you mean "minimum"?'],
    [prune({ train: { epochs: 1, bach: 8 } }), 'train.bach', 'Did you mean "batch"?'],
  ]
  it.each(unknown)('%j has a key that is unknown there', (stage, path, hint) => {
    const { problems } = checkRecipe(recipe(stage))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ path: `stages[0].${path}`, code: 'recipe.unknown-key' })
    expect(problems[0]!.hint).toBe(hint)
  })

  it('stopping early needs validation samples', () => {
    const { problems } = checkRecipe(recipe(train({ earlyStop: 2 }), { validation: 0 }))
    expect(problems).toMatchObject([{ path: 'stages[0].earlyStop', message: expect.stringContaining('validation') }])
    const inside = prune({ train: { epochs: 1, earlyStop: 2 } })
    expect(checkRecipe(recipe(inside, { validation: 0 })).problems).toMatchObject([
      { path: 'stages[0].train.earlyStop' },
    ])
    expect(checkRecipe(recipe(inside)).problems).toEqual([])
  })
})
