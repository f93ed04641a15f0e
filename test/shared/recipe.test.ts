import { describe, expect, it } from 'vitest'
import { EspalierError } from '../../src/shared/errors.ts'
import { checkRecipe, parseRecipe, type RecipeInput } from '../../src/shared/recipe.ts'
import { stages, stageUses } from '../../src/shared/stages.ts'

const least: RecipeInput = {
  model: { checkpoint: 'net.th' },
  data: { path: 'data' },
  stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.9 }],
}
const without = (key: keyof RecipeInput) => Object.fromEntries(Object.entries(least).filter(([name]) => name !== key))

describe('a recipe', () => {
  it('needs a model, data and stages only; the rest has the defaults of the design', () => {
    expect(parseRecipe(least)).toMatchObject({
      espalier: 1,
      name: 'Untitled recipe',
      model: { checkpoint: 'net.th' },
      data: { path: 'data', normalize: 'imagenet', augment: 'none', validation: 0.1 },
      seeds: [0],
      stages: [
        { use: 'evaluate', split: 'test', batch: 128 },
        { use: 'prune', allocation: 'global', score: 'magnitude', sparsity: 0.9 },
      ],
    })
  })

  it('is the same after it was filled in once', () => {
    const filled = parseRecipe(least)
    expect(parseRecipe(JSON.parse(JSON.stringify(filled)))).toEqual(filled)
  })

  const broken: [string, unknown, string, RegExp, string?][] = [
    ['no model', without('model'), 'model', /model is required/],
    ['no data', without('data'), 'data', /data is required/],
    ['no stages', without('stages'), 'stages', /stages is required/],
    ['an empty list of stages', { ...least, stages: [] }, 'stages', /at least 1/],
    ['a model of nothing', { ...least, model: {} }, 'model', /needs a checkpoint, or an architecture/],
    [
      'a sparsity of 1',
      { ...least, stages: [{ use: 'prune', sparsity: 1 }] },
      'stages[0].sparsity',
      /must be below 1, got 1$/,
    ],
    [
      'a negative one',
      { ...least, stages: [{ use: 'prune', sparsity: -0.1 }] },
      'stages[0].sparsity',
      /must be at least 0, got -0\.1$/,
    ],
    [
      'a sparsity in words',
      { ...least, stages: [{ use: 'prune', sparsity: '90%' }] },
      'stages[0].sparsity',
      /must be of type number, got "90%"$/,
    ],
    [
      'a crop larger than what it is cut out of',
      { ...least, data: { path: 'data', reader: { crop: 224, resize: 200 } } },
      'data.reader.resize',
      /must be at least crop, which is 224/,
    ],
    ['no sparsity', { ...least, stages: [{ use: 'prune' }] }, 'stages[0].sparsity', /is required/],
    [
      'an unknown stage',
      { ...least, stages: [{ use: 'prun' }] },
      'stages[0].use',
      /must be one of/,
      'Did you mean "prune"?',
    ],
    [
      'an unknown method',
      { ...least, stages: [{ use: 'prune', sparsity: 0.5, allocation: 'globl' }] },
      'stages[0].allocation',
      /must be one of global, /,
      'Did you mean "global"?',
    ],
    ['a seed that is no whole number', { ...least, seeds: [0.5] }, 'seeds[0]', /seeds\[0\]/],
    ['no seed', { ...least, seeds: [] }, 'seeds', /at least 1/],
    ['another version', { ...least, espalier: 2 }, 'espalier', /must be one of 1/],
    ['a list', [], '', /the recipe must be of type object, got a list$/],
    ['nothing', null, '', /the recipe must be of type object, got null$/],
    ['no name', { ...least, name: '' }, 'name', /must not be empty/],
    ['a long name', { ...least, name: 'x'.repeat(201) }, 'name', /has more than 200 characters, got "x{59}\.\.\."$/],
    ['no stages', { ...least, stages: [] }, 'stages', /stages needs at least 1 entry$/],
    [
      'a number that JSON cannot hold',
      JSON.parse(JSON.stringify({ ...least, stages: [{ use: 'prune', sparsity: 7 }] }).replace('7', '1e400')),
      'stages[0].sparsity',
      /must be of type number, got Infinity$/,
    ],
  ]
  it.each(broken)('with %s is refused, naming the place', (_, input, path, words, hint) => {
    const { problems } = checkRecipe(input)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ path, message: expect.stringMatching(words), code: 'recipe.invalid' })
    expect(problems[0]!.hint).toBe(hint)
  })

  const unknown: [string, unknown, string, string | undefined][] = [
    ['at the top', { ...least, sedes: [1] }, 'sedes', 'Did you mean "seeds"?'],
    [
      'in a stage',
      { ...least, stages: [{ use: 'prune', sparsity: 0.5, sparsty: 1 }] },
      'stages[0].sparsty',
      'Did you mean "sparsity"?',
    ],
    ['of another stage', { ...least, stages: [{ use: 'evaluate', sparsity: 0.5 }] }, 'stages[0].sparsity', undefined],
    [
      'in the data',
      { ...least, data: { path: 'x', normalise: 'half' } },
      'data.normalise',
      'Did you mean "normalize"?',
    ],
    [
      'in the options of the reader',
      { ...least, data: { path: 'x', reader: { windows: 3 } } },
      'data.reader.windows',
      'Did you mean "window"?',
    ],
    ['like nothing', { ...least, zzzzzzzzzz: 1 }, 'zzzzzzzzzz', undefined],
  ]
  it.each(unknown)('with an unknown key %s is refused, with the near one', (_, input, path, hint) => {
    const { problems } = checkRecipe(input)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ path, code: 'recipe.unknown-key' })
    expect(problems[0]!.hint).toBe(hint)
  })

  it('says everything that is wrong at once, and throws the first with the file', () => {
    const input = { ...least, sedes: 1, stages: [{ use: 'prune', sparsity: 2 }] }
    expect(
      checkRecipe(input)
        .problems.map(({ path }) => path)
        .sort(),
    ).toEqual(['sedes', 'stages[0].sparsity'])
    expect(() => parseRecipe(input, 'my.json')).toThrow(EspalierError)
    expect(() => parseRecipe(input, 'my.json')).toThrow(/^my\.json: .* \(and 1 more\)\.$/)
  })

  it('survives anything', () => {
    const deep = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown
    const odd = [1, 'x', deep, { stages: deep }, { ...least, stages: { use: 'prune' } }, { ...least, __proto__: 5 }]
    for (const input of [...odd, { ...least, stages: [null, 5, 'x'] }, { constructor: 1 }]) {
      expect(() => checkRecipe(input)).not.toThrow()
    }
  })
})

describe('stages', () => {
  it.each(stageUses)('%s: label, help and explained parameters', use => {
    const stage = stages[use]
    expect(stage.use).toBe(use)
    expect(stage.label.length * stage.help.length).toBeGreaterThan(0)
    for (const [name, schema] of Object.entries(stage.parameters)) {
      const text = schema.meta()
      expect([name, typeof text?.label, typeof text?.help]).toEqual([name, 'string', 'string'])
    }
  })
})
