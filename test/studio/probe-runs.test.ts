/** Sparsities that a search tried, kept as runs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { stageSchema } from '../../src/shared/stages.ts'
import { fakeReaders } from './fake-readers.ts'
import { isState, openStudio, recipeIn, type Script, scriptedEngines } from './harness.ts'
import { evaluated, pruned } from './project/examples.ts'

const target = { kind: 'accuracy', lose: 0.1 } as const
const search = [{ use: 'evaluate' }, { use: 'prune', target }, { use: 'evaluate' }]
const triedOf = (sparsity: number) => [
  { use: 'prune', sparsity },
  { use: 'evaluate', split: 'validation' },
]

/** Tries a half and a quarter of the eight weights, and takes the quarter. */
const searching: Script = (engine, message) => {
  if (message.type !== 'start') return
  const { recipe, firstStage, workDirectory } = message.job
  for (const [index, stage] of recipe.stages.entries()) {
    if (index < firstStage) continue
    engine.say({ type: 'stage-started', stage: index })
    if (stage.use !== 'prune') {
      engine.say({ type: 'stage-finished', stage: index, seconds: 1, outcome: evaluated(4) })
      continue
    }
    const modelFile = join(workDirectory, 'model')
    for (const zeros of stage.target ? [4, 2] : []) {
      writeFileSync(modelFile, `model with ${zeros} zeros`)
      const [prune, evaluate] = triedOf(zeros / 8).map(each => stageSchema.parse(each))
      const done = [
        { stage: prune!, outcome: pruned(zeros), seconds: 1 },
        { stage: evaluate!, outcome: evaluated(5 - zeros), seconds: 2 },
      ]
      engine.say({ type: 'probe', stage: index, done, modelFile, modelHash: String(zeros).repeat(64) })
    }
    writeFileSync(modelFile, 'model with 2 zeros')
    engine.say({ type: 'stage-finished', stage: index, seconds: 1, outcome: pruned(2), modelFile })
  }
  engine.say({ type: 'finished' })
  engine.exit()
}

it('keeps each as a finished run, which a recipe of that sparsity takes over', async () => {
  const engines = scriptedEngines(searching)
  const splits = [
    { name: 'train' as const, count: 2000, perClass: [1000, 1000] },
    { name: 'test' as const, count: 4, perClass: [2, 2] },
  ]
  const readers = fakeReaders({ dataset: { splits } })
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, readers })
  const work = async (stages: object[], again = false) => {
    const { runs } = await studio.call('run.start', { document: { ...recipeIn(studio), stages }, again })
    await studio.until(isState(runs[0]!.id, 'finished'))
    return runs[0]!.id
  }
  const first = await work(search)
  const { runs } = await studio.call('run.list', {})
  expect(runs.map(({ number, name, state, triedBy }) => [number, name, state, triedBy])).toEqual([
    [1, 'Half', 'finished', null],
    [2, 'Half · tried 50 %', 'finished', first],
    [3, 'Half · tried 25 %', 'finished', first],
  ])
  const { run, recipe, layers, log } = await studio.call('run.get', { id: runs[1]!.id })
  expect(recipe.stages).toEqual([search[0]!, ...triedOf(0.5)].map(stage => stageSchema.parse(stage)))
  expect(run.stages.map(({ cached, outcome }) => [cached, outcome])).toEqual([
    [true, evaluated(4)],
    [true, pruned(4)],
    [true, evaluated(1)],
  ])
  expect(layers.at(-1)!.layers.map(({ zeros }) => zeros)).toEqual([4])
  expect(log[0]!.text).toContain('Tried by run 1')

  // Another search that tries the same adds none.
  await work(search, true)
  expect((await studio.call('run.list', {})).runs).toHaveLength(4)
  const before = engines.engines.length
  const same = await work([search[0]!, ...triedOf(0.25)])
  expect(engines.engines).toHaveLength(before)
  const taken = await studio.call('run.get', { id: same })
  expect(taken.run.stages.map(({ outcome }) => outcome)).toEqual([evaluated(4), pruned(2), evaluated(3)])

  // They outlive the one that tried them.
  await studio.call('run.remove', { id: first })
  expect((await studio.call('run.get', { id: runs[1]!.id })).run.triedBy).toBe(null)
})
