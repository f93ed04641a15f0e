import { describe, expect, it } from 'vitest'
import { useHistory } from '../../../src/renderer/src/lib/history.ts'
import { placeOf, wrongOf } from '../../../src/renderer/src/lib/problem-text.ts'
import {
  describeStages,
  type JsonObject,
  pathText,
  renamed,
  runCountOf,
  valueAt,
  withValue,
} from '../../../src/renderer/src/lib/recipe-document.ts'
import { sweepDocuments } from '../../../src/renderer/src/lib/sweep.ts'
import { checkRecipe } from '../../../src/shared/recipe.ts'

const document: JsonObject = {
  name: 'Global magnitude 50 %',
  model: { checkpoint: 'net.th' },
  data: { path: 'cifar' },
  stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }],
}

describe('changing a document', () => {
  it('makes a copy with the value in place, and shares what did not change', () => {
    const changed = withValue(document, ['stages', 1, 'sparsity'], 0.7) as JsonObject
    expect(valueAt(changed, ['stages', 1, 'sparsity'])).toBe(0.7)
    expect(valueAt(document, ['stages', 1, 'sparsity'])).toBe(0.5)
    expect(changed['model']).toBe(document['model'])
    expect(Object.keys(changed)).toEqual(Object.keys(document))
  })

  it('removes a key that is set to nothing, and makes the objects on the way to a new one', () => {
    expect(withValue(document, ['data', 'path'], undefined)).toEqual({ ...document, data: {} })
    expect(withValue({}, ['data', 'normalize'], 'half')).toEqual({ data: { normalize: 'half' } })
  })

  it('writes a path as the check of a recipe does', () => {
    const { problems } = checkRecipe(withValue(document, ['stages', 1, 'sparsity'], 1.2))
    expect(problems?.map(p => p.path)).toEqual([pathText(['stages', 1, 'sparsity'])])
  })
})

describe('names', () => {
  it.each([
    [[{ use: 'prune', sparsity: 0.5 }], 'Global magnitude 50 %'],
    [[{ use: 'prune', allocation: 'uniform', sparsity: 0.955 }], 'Uniform magnitude 95.5 %'],
    [
      [
        { use: 'prune', sparsity: 0.3 },
        { use: 'prune', sparsity: 0.7 },
      ],
      'Global magnitude 70 %',
    ],
    [[{ use: 'evaluate' }], 'Evaluate'],
    [[], 'Untitled recipe'],
  ])('%j is "%s"', (stages, name) => expect(describeStages(stages)).toBe(name))

  it('follow the stages until the person gives one', () => {
    const changed = withValue(document, ['stages', 1, 'sparsity'], 0.9) as JsonObject
    expect(renamed(document, changed)['name']).toBe('Global magnitude 90 %')
    const mine = { ...document, name: 'Mine' }
    expect(renamed(mine, withValue(mine, ['stages', 1, 'sparsity'], 0.9) as JsonObject)['name']).toBe('Mine')
    expect(renamed(document, { ...document, name: 'Typed' })['name']).toBe('Typed')
  })
})

describe('a sweep', () => {
  it('varies sparsity and allocation of one stage, and names each recipe after what it changes', () => {
    const sweep = { stage: 1, sparsities: [0.3, 0.8], allocations: ['global', 'uniform'] }
    const documents = sweepDocuments(document, sweep)
    expect(documents.map(d => d['name'])).toEqual([
      'Global magnitude 30 %',
      'Global magnitude 80 %',
      'Uniform magnitude 30 %',
      'Uniform magnitude 80 %',
    ])
    expect(documents.map(d => valueAt(d, ['stages', 1, 'sparsity']))).toEqual([0.3, 0.8, 0.3, 0.8])
    expect(documents.flatMap(d => checkRecipe(d).problems)).toEqual([])
    const named = sweepDocuments({ ...document, name: 'For the phone' }, { ...sweep, allocations: [] })
    expect(named.map(d => d['name'])).toEqual(['For the phone · 30 %', 'For the phone · 80 %'])
  })
})

describe('problems in the words of the form', () => {
  it('name the stage and the label of the parameter', () => {
    const wrong = withValue(
      withValue(document, ['stages', 1, 'sparsity'], 1.2),
      ['data', 'validation'],
      3,
    ) as JsonObject
    const problems = checkRecipe(wrong).problems ?? []
    expect(problems.map(p => `${placeOf(p.path, wrong)}: ${wrongOf(p)}`)).toEqual([
      'Validation share: Must be at most 0.5, got 3',
      'Stage 2, Sparsity: Must be below 1, got 1.2',
    ])
  })
})

describe('undo', () => {
  it('goes back and forth, and a new change ends what could be redone', () => {
    const history = useHistory('a')
    history.change('b')
    history.change('c')
    history.undo()
    expect(history.current.value).toBe('b')
    history.redo()
    expect(history.current.value).toBe('c')
    history.undo()
    history.undo()
    expect([history.current.value, history.canUndo.value]).toEqual(['a', false])
    history.change('d')
    expect(history.canRedo.value).toBe(false)
  })

  it('takes letters typed into one field as one step', () => {
    const history = useHistory('')
    for (const text of ['G', 'Gl', 'Glo']) history.change(text, 'name')
    history.change('Glo!', 'other')
    history.undo()
    expect(history.current.value).toBe('Glo')
    history.undo()
    expect(history.current.value).toBe('')
  })
})

describe('how many runs a recipe starts', () => {
  const losses = [{ loss: 'logit', temperature: 2 }, { loss: 'logit' }, { loss: 'feature' }]
  const pairs = [{ student: {} }, { student: {} }]
  it.each([
    [3, { seeds: [0, 1, 2] }],
    [1, {}],
    [18, { seeds: [0, 1, 2], study: { pairs, losses } }],
    // Six under the first seed, then the best of two kinds of loss for each of two pairs under two more.
    [14, { seeds: [0, 1, 2], study: { pairs, losses, repeat: 'best' } }],
    [4, { seeds: [0, 1], study: { pairs } }],
    [6, { seeds: [0, 1, 2], study: { pairs, repeat: 'best' } }],
  ])('%i', (runs, more) => expect(runCountOf({ ...document, ...more })).toBe(runs))
})
