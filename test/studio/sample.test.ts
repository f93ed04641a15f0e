import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/shared/recipe.ts'
import { createReaders } from '../../src/studio/readers.ts'
import { openStudio } from './harness.ts'

const folder = 'resources/sample'

describe('the sample project', () => {
  it('is its data set and its recipes, once', async () => {
    const studio = await openStudio()
    const first = await studio.call('sample.create', {})
    const path = join(studio.path, '..', 'data', 'sample', 'glyphs.json')
    expect(first.dataset).toMatchObject({ path, missing: false })
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(readFileSync(`${folder}/glyphs.json`, 'utf8')))
    expect(first.recipes.map(({ name }) => name)).toEqual([
      'Glyphs, dense',
      'Glyphs, global',
      'Glyphs, uniform',
      'Glyphs, gradual',
    ])
    for (const { document } of first.recipes) expect(parseRecipe(document).data.path).toBe(path)

    const { mtimeMs } = statSync(path)
    expect(await studio.call('sample.create', {})).toEqual(first)
    expect(statSync(path).mtimeMs).toBe(mtimeMs)
    expect((await studio.call('recipe.list', {})).recipes).toHaveLength(4)
    expect((await studio.call('library.list', {})).datasets).toEqual([first.dataset])
    expect(studio.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['library.changed', 'recipe.changed']))
  })

  it('has its recipes again where somebody changed or removed them', async () => {
    const studio = await openStudio()
    const { recipes } = await studio.call('sample.create', {})
    const [changed, removed] = recipes
    await studio.call('recipe.save', { id: changed!.id, document: { ...(changed!.document as object), seeds: [1, 2] } })
    await studio.call('recipe.remove', { id: removed!.id })
    const again = await studio.call('sample.create', {})
    expect(again.recipes.map(({ document }) => document)).toEqual(recipes.map(({ document }) => document))
    expect((await studio.call('recipe.list', {})).recipes).toHaveLength(5)
  })

  it('makes its data for real, and tells how far it is', async () => {
    const base = await openStudio()
    const directories = { cache: join(base.path, '..', 'cache'), data: join(base.path, '..', 'data') }
    const studio = await openStudio({ directories, readers: createReaders(directories) })
    const { dataset } = await studio.call('sample.create', { importId: 'sample' })
    expect(dataset).toMatchObject({
      format: 'glyphs',
      shape: [32, 32, 3],
      splits: [
        { name: 'train', count: 5000, perClass: Array(10).fill(500) },
        { name: 'test', count: 1000, perClass: Array(10).fill(100) },
      ],
    })
    expect(studio.events).toContainEqual(expect.objectContaining({ type: 'import.progress', importId: 'sample' }))
    expect(existsSync(join(directories.cache, 'samples'))).toBe(true)
  })

  it('can be run from its folder too: every recipe starts with the same training, so that it is done once', () => {
    const files = readdirSync(folder).filter(name => name !== 'glyphs.json')
    const recipes = files.map(name => parseRecipe(JSON.parse(readFileSync(join(folder, name), 'utf8')), name))
    expect(recipes).toHaveLength(4)
    const [first] = recipes
    for (const { stages, model, data, seeds } of recipes) {
      expect(existsSync(join(folder, data.path))).toBe(true)
      expect([stages.slice(0, 2), model, data, seeds]).toEqual([
        first!.stages.slice(0, 2),
        first!.model,
        first!.data,
        [0],
      ])
    }
    const targets = recipes.flatMap(({ stages }) =>
      stages.flatMap(stage => (stage.use === 'prune' ? stage.sparsity : [])),
    )
    expect(targets).toEqual([0.8, 0.8, 0.8])
  })
})
