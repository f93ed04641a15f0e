import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { openProject, type Project } from '../../../src/studio/project/project.ts'
import { temporaryFolder } from '../../temporary.ts'
import { addOwner, addRun, evaluated, exampleDataset, exampleModel, exampleRecipe, pruned } from './examples.ts'

function project(): Project {
  const opened = openProject(join(temporaryFolder(), 'p.espalier'))
  onTestFinished(() => opened.close())
  return opened
}

it('keeps one item for the same content, with its first id and its newest path', () => {
  const { datasets, models } = project()
  const first = datasets.put(exampleDataset({ path: '/a' }))
  const again = datasets.put(exampleDataset({ path: '/b', addedAt: 5 }))
  expect(again).toMatchObject({ id: first.id, addedAt: first.addedAt, path: '/b' })
  expect(datasets.list()).toEqual([again])
  expect(datasets.byPath('/a')).toBeUndefined()
  expect(datasets.byPath('/b')?.id).toBe(first.id)
  models.put(exampleModel())
  models.put(exampleModel({ fingerprint: 'f'.repeat(64) }))
  expect(models.list()).toHaveLength(2)
  expect(models.remove(models.list()[0]!.id)).toBe(true)
  expect(models.remove('nobody')).toBe(false)
  expect(models.list()).toHaveLength(1)
})

it('gives each changed save of a recipe a version and an unchanged one none', () => {
  const { recipes } = project()
  const save = (document: unknown, at: number) => recipes.save({ id: 'r', name: 'R', document, at })
  expect(save({ a: 1 }, 1).version).toBe(1)
  expect(save({ a: 1 }, 2)).toMatchObject({ version: 1, savedAt: 1 })
  expect(save({ a: 2 }, 3)).toMatchObject({ version: 2, document: { a: 2 } })
  expect(recipes.list()).toHaveLength(1)
  expect(recipes.remove('r')).toBe(true)
  expect(recipes.list()).toEqual([])
})

it('numbers runs and never gives a number twice', () => {
  const p = project()
  const owner = addOwner(p)
  const numbers = [addRun(p, owner), addRun(p, owner), addRun(p, owner)].map(({ number }) => number)
  expect(numbers).toEqual([1, 2, 3])
  p.write(() => p.runs.remove(p.runs.list()[2]!.id))
  expect(addRun(p, owner).number).toBe(4)
})

it('ends a run once', () => {
  const p = project()
  const { id } = addRun(p, addOwner(p))
  p.runs.start(id, 10)
  p.stages.start(id, 0, 11)
  expect(p.runs.end(id, 'failed', 20, { code: 'run.died', message: 'gone.' })).toBe(true)
  p.stages.end(id, 'failed')
  expect(p.runs.end(id, 'finished', 30, null)).toBe(false)
  expect(p.runs.summary(id)).toMatchObject({ state: 'failed', startedAt: 10, endedAt: 20, error: { code: 'run.died' } })
  expect(p.runs.summary(id)!.stages.map(({ state }) => state)).toEqual(['failed', 'waiting', 'waiting'])
})

it('finds a finished stage by its key, the original before one that was taken over', () => {
  const p = project()
  const owner = addOwner(p)
  const finish = (id: string, cached: boolean, weights: string | null) =>
    p.stages.finish(id, 1, { seconds: 2, outcome: pruned(4), key: 'k', weights, cached, startedAt: 5 })
  const original = addRun(p, owner)
  const other = addRun(p, owner)
  const sha = p.weights.put(Buffer.from('model'))
  finish(other.id, true, sha)
  finish(original.id, false, sha)
  expect(p.stages.findFinished('k')).toEqual({
    runId: original.id,
    position: 1,
    seconds: 2,
    outcome: pruned(4),
    weights: sha,
  })
  expect(p.stages.findFinished('other')).toBeUndefined()
  p.write(() => p.runs.remove(original.id))
  p.weights.removeUnused()
  expect(p.stages.findFinished('k')?.runId).toBe(other.id)
  expect(p.weights.get(sha)?.toString()).toBe('model')
  p.write(() => p.runs.remove(other.id))
  p.weights.removeUnused()
  expect(p.weights.get(sha)).toBeUndefined()
})

it('removes with a run all that belongs to it', () => {
  const p = project()
  const { id } = addRun(p, addOwner(p))
  p.metrics.append(id, [{ stage: 0, name: 'accuracy', step: 1, value: 0.5 }])
  p.layers.append(id, [{ stage: 0, step: 0, layers: [{ name: 'conv1', weights: 8, zeros: 0 }] }])
  const spread = { low: -0.5, high: 1, counts: [1, 3] }
  const snapshot = {
    stage: 0,
    step: 5,
    layers: [{ name: 'bn1', features: 4, disabled: 1, gamma: spread, beta: spread }],
  }
  p.norms.append(id, [snapshot])
  expect(p.norms.ofRun(id)).toEqual([snapshot])
  const report = { kind: 'begins' as const, clients: [], layers: ['conv1'] }
  p.federations.append(id, [{ stage: 0, step: 5, report }])
  expect(p.federations.ofRun(id)).toEqual([{ stage: 0, step: 5, report }])
  p.log.append(id, [{ at: 1, text: 'hello' }])
  p.write(() => p.runs.remove(id))
  for (const table of [p.metrics, p.layers, p.norms, p.federations, p.log, p.stages])
    expect(table.ofRun(id)).toEqual([])
})

it('copies what was recorded during one stage, in order', () => {
  const p = project()
  const owner = addOwner(p)
  const from = addRun(p, owner)
  const to = addRun(p, owner)
  const point = (stage: number, step: number) => ({ stage, name: 'loss', step, value: step / 2 })
  p.metrics.append(from.id, [point(0, 1), point(1, 1), point(0, 2)])
  p.metrics.copy(from.id, 0, to.id)
  expect(p.metrics.ofRun(to.id)).toEqual([point(0, 1), point(0, 2)])
})

it('tells what others changed, each thing once, and when it cannot tell', () => {
  const p = project()
  p.events.add('me', 'run', 'a')
  const start = p.events.last()
  for (const subject of ['a', 'b', 'a']) p.events.add('them', 'run', subject)
  p.events.add('me', 'run', 'c')
  p.events.add('them', 'library', null)
  const { changes, complete } = p.events.since(start, 'me')
  expect(complete).toBe(true)
  expect(changes.map(({ topic, subject }) => [topic, subject])).toEqual([
    ['run', 'b'],
    ['run', 'a'],
    ['library', null],
  ])
  p.write(() => {
    for (let i = 0; i < 6000; i++) p.events.add('them', 'run', 'x')
  })
  expect(p.events.since(start, 'me').complete).toBe(false)
  expect(p.events.since(p.events.last(), 'me')).toEqual({ changes: [], complete: true })
})

it('undoes all of a write that throws', () => {
  const p = project()
  expect(() =>
    p.write(() => {
      p.datasets.put(exampleDataset())
      p.write(() => p.models.put(exampleModel()))
      throw new Error('no')
    }),
  ).toThrow('no')
  expect([p.datasets.list(), p.models.list()]).toEqual([[], []])
})

it('says which stored document is not as it should be', () => {
  const path = join(temporaryFolder(), 'p.espalier')
  const opened = openProject(path)
  const { id } = addRun(opened, addOwner(opened), exampleRecipe())
  opened.stages.finish(id, 0, {
    seconds: 1,
    outcome: evaluated(1),
    key: 'k',
    weights: null,
    cached: false,
    startedAt: 1,
  })
  opened.close()
  const db = new Database(path)
  db.prepare(`UPDATE stages SET outcome = '{"use":"evaluate"}' WHERE position = 0`).run()
  db.close()
  const damaged = openProject(path)
  onTestFinished(() => damaged.close())
  expect(() => damaged.runs.list()).toThrow(/stage results cannot be read/)
})
