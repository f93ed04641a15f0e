import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EspalierError } from '../../src/shared/errors.ts'
import { fakeReaders } from './fake-readers.ts'
import { openStudio, recipeIn } from './harness.ts'

it('adds what lies at a path as what it is, the same content once', async () => {
  const studio = await openStudio()
  const data = await studio.call('library.import', { source: { path: '/data/cifar' } })
  const model = await studio.call('library.import', { source: { path: '/models/net.th' } })
  const again = await studio.call('library.import', { source: { path: '/copy/of/cifar' } })
  expect([data.kind, model.kind]).toEqual(['dataset', 'model'])
  const { datasets, models } = await studio.call('library.list', {})
  expect(datasets).toHaveLength(1)
  expect(models).toHaveLength(1)
  expect(again).toMatchObject({ dataset: { id: datasets[0]!.id, path: '/copy/of/cifar' } })
  expect(studio.events.filter(({ type }) => type === 'library.changed')).toHaveLength(3)
})

it('says truthfully whether a file is still there', async () => {
  const studio = await openStudio()
  const file = join(studio.path, '..', 'net.th')
  writeFileSync(file, '')
  expect(await studio.call('library.import', { source: { path: file } })).toMatchObject({ model: { missing: false } })
  rmSync(file)
  expect((await studio.call('library.list', {})).models[0]).toMatchObject({ missing: true, path: file })
})

it('resolves grants, and only those that the host gave', async () => {
  const studio = await openStudio({
    acceptsPaths: false,
    resolveGrant: grant => (grant === 'good' ? '/data/cifar' : undefined),
  })
  expect(await studio.call('library.import', { source: { grant: 'good' } })).toMatchObject({ kind: 'dataset' })
  const refused = [{ grant: '/data/cifar' }, { path: '/data/cifar' }]
  for (const source of refused) {
    await expect(studio.call('library.import', { source })).rejects.toMatchObject({ code: 'not-allowed' })
  }
})

it('leaves nothing of an import that failed', async () => {
  const readers = {
    ...fakeReaders(),
    dataset: () => Promise.reject(new EspalierError({ code: 'dataset.empty', message: '/x holds no file.' })),
  }
  const studio = await openStudio({ readers })
  await expect(studio.call('library.import', { source: { path: '/x' } })).rejects.toMatchObject({
    code: 'dataset.empty',
  })
  expect((await studio.call('library.list', {})).datasets).toEqual([])
  expect(studio.events).toEqual([])
})

it('passes the progress of an import on under the id that the window gave', async () => {
  const readers = fakeReaders()
  const studio = await openStudio({
    readers: {
      ...readers,
      dataset: async (path, options) => {
        options.onProgress?.({ step: 'Reading', done: 1, total: 2 })
        return readers.dataset(path, options)
      },
    },
  })
  await studio.call('library.import', { source: { path: '/x' }, importId: 'mine' })
  expect(studio.events).toContainEqual({
    type: 'import.progress',
    importId: 'mine',
    step: 'Reading',
    done: 1,
    total: 2,
  })
})

it('removes items, and says when there is none', async () => {
  const studio = await openStudio()
  await studio.call('library.import', { source: { path: '/data/cifar' } })
  const { datasets } = await studio.call('library.list', {})
  await studio.call('library.remove', { kind: 'dataset', id: datasets[0]!.id })
  expect((await studio.call('library.list', {})).datasets).toEqual([])
  const twice = studio.call('library.remove', { kind: 'dataset', id: datasets[0]!.id })
  await expect(twice).rejects.toMatchObject({ code: 'not-found' })
})

it('saves recipes as they are written, with versions', async () => {
  const studio = await openStudio()
  const first = await studio.call('recipe.save', { document: { name: 'Draft', stages: [] } })
  expect(first).toMatchObject({ name: 'Draft', version: 1, document: { name: 'Draft', stages: [] } })
  const second = await studio.call('recipe.save', { id: first.id, document: { stages: [] } })
  expect(second).toMatchObject({ id: first.id, name: 'Untitled recipe', version: 2 })
  expect((await studio.call('recipe.list', {})).recipes).toEqual([second])
  await expect(studio.call('recipe.save', { id: 'none', document: {} })).rejects.toMatchObject({ code: 'not-found' })
  const huge = { name: 'x'.repeat(1_000_001) }
  await expect(studio.call('recipe.save', { document: huge })).rejects.toMatchObject({ code: 'recipe.invalid' })
  await studio.call('recipe.remove', { id: first.id })
  expect((await studio.call('recipe.list', {})).recipes).toEqual([])
})

it('checks a recipe against the files and the library', async () => {
  const studio = await openStudio()
  const check = async (document: unknown) =>
    (await studio.call('recipe.check', { document })).problems.map(({ path }) => path)
  expect(await check(recipeIn(studio))).toEqual([])
  expect(await check(recipeIn(studio, { stages: [{ use: 'prune', sparsity: 1.2 }] }))).toEqual(['stages[0].sparsity'])
  expect(await check(recipeIn(studio, { data: { path: '/nowhere' } }))).toEqual(['data.path'])
  expect(await check(recipeIn(studio, { model: { checkpoint: '/nowhere.th' } }))).toEqual(['model.checkpoint'])
  expect(await check(recipeIn(studio, { model: { architecture: 'resnet21-a' } }))).toEqual(['model.architecture'])
})

it('sees a colour normalisation of gray pictures before anything runs', async () => {
  const studio = await openStudio({ readers: fakeReaders({ dataset: { shape: [28, 28, 1] } }) })
  const path = join(studio.path, '..')
  await studio.call('library.import', { source: { path } })
  const check = async (data: object) =>
    (await studio.call('recipe.check', { document: recipeIn(studio, { data: { path, ...data } }) })).problems
  expect((await check({}))[0]).toMatchObject({ path: 'data.normalize', hint: expect.stringContaining('`half`') })
  expect(await check({ normalize: 'half' })).toEqual([])
  expect(await check({ normalize: 'training' })).toEqual([])
})

it('refuses to queue what cannot run, and queues nothing of it', async () => {
  const studio = await openStudio({ readers: fakeReaders({ dataset: { classes: ['a', 'b', 'c'] } }) })
  const folder = join(studio.path, '..')
  const checkpoint = join(folder, 'net.th')
  writeFileSync(checkpoint, '')
  await studio.call('library.import', { source: { path: checkpoint } })
  await studio.call('library.import', { source: { path: folder } })
  const start = (changes: object) => studio.call('run.start', { document: { ...recipeIn(studio), ...changes } })
  await expect(start({ model: { checkpoint } })).rejects.toThrow(/tells 2 classes apart, and .* has 3/)
  await expect(start({ data: { path: '/nowhere' } })).rejects.toThrow('/nowhere')
  await expect(start({ stagse: [] })).rejects.toMatchObject({
    code: 'recipe.unknown-key',
    hint: 'Did you mean "stages"?',
  })
  expect((await studio.call('run.list', {})).runs).toEqual([])
})

it('takes relative paths as relative to the project', async () => {
  const studio = await openStudio()
  writeFileSync(join(studio.path, '..', 'here'), '')
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { data: { path: 'here' } }) })
  const { recipe } = await studio.call('run.get', { id: runs[0]!.id })
  expect(recipe.data.path).toBe(join(studio.path, '..', 'here'))
  const imported = await studio.call('library.import', { source: { path: 'here' } })
  expect(imported).toMatchObject({ dataset: { path: join(studio.path, '..', 'here'), missing: false } })
  await studio.idle()
})
