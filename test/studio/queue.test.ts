import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EspalierError } from '../../src/shared/errors.ts'
import { listedRun } from '../../src/shared/listed-run.ts'
import type { RecipeInput } from '../../src/shared/recipe.ts'
import { diligent, isState, openStudio, recipeIn, scriptedEngines, type TestStudio } from './harness.ts'
import { evaluated } from './project/examples.ts'

async function startOne(studio: TestStudio, changes: Partial<RecipeInput> = {}, again = false) {
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, changes), again })
  return runs[0]!
}

/** Starts a run and resolves when its engine has the job. */
async function startPlayed(studio: TestStudio, engines: ReturnType<typeof scriptedEngines>) {
  const coming = engines.next()
  const { id } = await startOne(studio)
  return { id, engine: await coming }
}

async function finishOne(studio: TestStudio, changes: Partial<RecipeInput> = {}, again = false) {
  const { id } = await startOne(studio, changes, again)
  await studio.idle()
  return studio.call('run.get', { id })
}

it('works a run from the queue to its end and keeps all of it', async () => {
  const studio = await openStudio()
  const { id } = await startOne(studio)
  expect((await studio.call('run.get', { id })).run.state).toBe('queued')
  await studio.idle()
  const detail = await studio.call('run.get', { id })
  expect(detail.run).toMatchObject({ number: 1, name: 'Half', seed: 0, state: 'finished', error: null })
  expect(detail.run.identity).toMatch(/^[0-9a-f]{64}$/)
  expect(detail.run.stages.map(({ state, cached }) => [state, cached])).toEqual([
    ['finished', false],
    ['finished', false],
    ['finished', false],
  ])
  expect(detail.run.stages[2]!.outcome).toEqual(evaluated(3))
  expect(detail.device).toBe('CPU, TensorFlow 2.21.0')
  expect(detail.metrics.map(({ stage }) => stage)).toEqual([0, 1, 2])
  expect(detail.layers).toEqual([{ stage: 1, step: 0, layers: [{ name: 'conv1', weights: 8, zeros: 4 }] }])
  expect(detail.progress).toBeNull()
  await studio.close()
  expect(readdirSync(join(studio.path, '..')).filter(name => name.startsWith('test'))).toEqual(['test.espalier'])
  const later = await openStudio({ path: studio.path })
  expect(await later.call('run.get', { id })).toEqual(detail)
  expect((await later.call('library.list', {})).datasets).toHaveLength(1)
})

it('lists runs by what their rows say, and gives the curves of one in full', async () => {
  const studio = await openStudio()
  const { id } = await startOne(studio)
  await studio.idle()
  const { run, metrics } = await studio.call('run.get', { id })
  const { runs } = await studio.call('run.list', {})
  expect(runs).toEqual([listedRun(run)])
  expect(runs[0]!.stages.map(({ counts }) => counts?.zeros)).toEqual(run.stages.map(s => s.outcome?.result.zeros))
  expect(runs[0]!.stages[2]!.score).toEqual({ correct: 3, total: 4, top1: 0.75, split: 'test' })
  expect(JSON.stringify(runs)).not.toContain('layers')
  const { curves } = await studio.call('run.curves', { id })
  expect(curves).toEqual([0, 1, 2].map(stage => ({ stage, metric: 'accuracy', steps: [1], values: [stage / 10] })))
  expect(curves.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(metrics.length)
  await expect(studio.call('run.curves', { id: 'x' })).rejects.toMatchObject({ code: 'not-found' })
})

it('announces each change, and nothing of a run after its end', async () => {
  const studio = await openStudio()
  const { id } = await startOne(studio)
  await studio.idle()
  await new Promise(resolve => setTimeout(resolve, 250))
  const states = studio.events.flatMap(event => (event.type === 'run.changed' ? event.run.state : []))
  expect(states[0]).toBe('queued')
  expect(states.at(-1)).toBe('finished')
  expect(states.lastIndexOf('queued')).toBeLessThan(states.indexOf('running'))
  expect(studio.events.filter(isState(id, 'finished'))).toHaveLength(1)
  const last = studio.events.findLastIndex(event => event.type === 'run.changed')
  expect(studio.events.slice(last + 1).map(({ type }) => type)).toEqual([])
  const stages = studio.events.flatMap(event =>
    event.type === 'run.stage' ? `${event.stage.index} ${event.stage.state}` : [],
  )
  expect(stages).toEqual(['0 running', '0 finished', '1 running', '1 finished', '2 running', '2 finished'])
  const points = studio.events.flatMap(event => (event.type === 'run.metrics' ? event.points : []))
  expect(points).toHaveLength(3)
})

it('ends a process that is compiling soon after it is asked to stop: it cannot hear it', async () => {
  const engines = scriptedEngines(() => {})
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, stopGraceMs: 60_000 })
  const { id, engine } = await startPlayed(studio, engines)
  engine.say({ type: 'stage-started', stage: 0 })
  engine.say({ type: 'prepare', step: 'Compiling', done: 0, total: 0 })
  await studio.call('run.stop', { id })
  await studio.idle()
  expect(engine.isKilled).toBe(true)
  expect((await studio.call('run.get', { id })).run).toMatchObject({ state: 'stopped', error: null })
})

it('keeps what TensorFlow writes at every start out of the log', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { id, engine } = await startPlayed(studio, engines)
  engine.print('I0000 00:00:1795577701.095642    1452 port.cc:153] oneDNN custom operations are on.')
  engine.print('W0000 00:00:1795577701.095642    1452 port.cc:153] A warning.')
  engine.say({ type: 'finished' })
  engine.exit()
  await studio.idle()
  const texts = (await studio.call('run.get', { id })).log.map(({ text }) => text).join('\n')
  expect(texts).toContain('A warning.')
  expect(texts).not.toContain('oneDNN')
})

it('passes progress on at most ten times a second, the newest last', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { engine } = await startPlayed(studio, engines)
  engine.say({ type: 'stage-started', stage: 0 })
  const from = Date.now()
  for (let done = 1; done <= 300; done++) {
    engine.say({ type: 'progress', stage: 0, done, total: 300, unit: 'samples', rate: 100 })
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  await studio.until(event => event.type === 'run.progress' && event.progress.done === 300)
  const seen = studio.events.flatMap(event =>
    event.type === 'run.progress' && event.progress.stage === 0 ? event.progress : [],
  )
  expect(seen.length).toBeLessThanOrEqual(2 + (Date.now() - from) / 100)
  expect(seen[0]).toMatchObject({ step: 'Evaluate', unit: 'samples', rate: 100 })
  engine.say({ type: 'finished' })
  engine.exit()
})

it('takes finished stages over: the model after them, their results, curves and layers', async () => {
  const engines = scriptedEngines(diligent)
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const first = await finishOne(studio)
  const longer: RecipeInput['stages'] = [...recipeIn(studio).stages, { use: 'evaluate', split: 'train' }]
  const readers = await finishOne(studio, { name: 'Another name', stages: longer })
  // The split is not there in this data set, so that run ends before any engine.
  expect(readers.run.error?.code).toBe('dataset.no-split')
  const second = await finishOne(studio, { stages: [...recipeIn(studio).stages, { use: 'prune', sparsity: 0.75 }] })
  expect(engines.engines).toHaveLength(2)
  expect(engines.engines[1]!.job.firstStage).toBe(3)
  expect(second.run.stages.map(({ cached }) => cached)).toEqual([true, true, true, false])
  expect(second.run.stages.slice(0, 3).map(({ outcome, seconds }) => [outcome, seconds])).toEqual(
    first.run.stages.map(({ outcome, seconds }) => [outcome, seconds]),
  )
  expect(second.layers.map(({ stage }) => stage)).toEqual([1, 3])
  expect(second.metrics.map(({ stage }) => stage)).toEqual([0, 1, 2, 3])
  expect(second.log.map(({ text }) => text).join()).toContain('taken over from run 1')
})

it('gives the engine the model after the stages that are taken over', async () => {
  let given = ''
  const engines = scriptedEngines((engine, message) => {
    if (message.type === 'start' && message.job.modelFile) given = readFileSync(message.job.modelFile, 'utf8')
    diligent(engine, message)
  })
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  await finishOne(studio)
  expect(given).toBe('')
  await finishOne(studio, { stages: [...recipeIn(studio).stages, { use: 'prune', sparsity: 0.75 }] })
  expect(given).toBe('model with 4 zeros')
})

it('redoes nothing of the same identity unless it is told to', async () => {
  const engines = scriptedEngines(diligent)
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const first = await finishOne(studio)
  const second = await finishOne(studio, { name: 'Only the name differs' })
  expect(engines.engines).toHaveLength(1)
  expect(second.run).toMatchObject({ state: 'finished', identity: first.run.identity, name: 'Only the name differs' })
  expect(second.run.stages.every(({ cached }) => cached)).toBe(true)
  expect(second.layers).toEqual(first.layers)
  const third = await finishOne(studio, {}, true)
  expect(engines.engines).toHaveLength(2)
  expect(third.run.stages.some(({ cached }) => cached)).toBe(false)
})

it('keeps results of a run that was taken over when the first one is removed', async () => {
  const engines = scriptedEngines(diligent)
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const first = await finishOne(studio)
  await finishOne(studio)
  await studio.call('run.remove', { id: first.run.id })
  const third = await finishOne(studio, { stages: [...recipeIn(studio).stages, { use: 'prune', sparsity: 0.75 }] })
  expect(third.run.stages.map(({ cached }) => cached)).toEqual([true, true, true, false])
  expect(engines.engines.at(-1)!.job.modelFile).toBeDefined()
})

it('does the work again for another seed, other data, other settings and another engine', async () => {
  const engines = scriptedEngines(diligent)
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  await finishOne(studio)
  const other = join(studio.path, '..', 'other-data')
  writeFileSync(other, '')
  await finishOne(studio, { seeds: [1] })
  await finishOne(studio, { data: { path: other } })
  await finishOne(studio, { data: { path: recipeIn(studio).data.path, normalize: 'half' } })
  expect(engines.engines.map(({ job }) => job.firstStage)).toEqual([0, 0, 0, 0])
  await studio.close()
  const newer = await openStudio({
    path: studio.path,
    spawnEngine: engines.spawnEngine,
    describeEngine: async () => ({ version: 'newer engine', tensorflow: '2.22.0' }),
  })
  await finishOne(newer)
  expect(engines.engines.at(-1)!.job.firstStage).toBe(0)
  expect(engines.engines).toHaveLength(5)
})

it('works one run at a time, in order, one for each seed', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  let coming = engines.next()
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { seeds: [3, 1, 2] }) })
  expect(runs.map(({ seed, number }) => [seed, number])).toEqual([
    [3, 1],
    [1, 2],
    [2, 3],
  ])
  for (const seed of [3, 1, 2]) {
    const engine = await coming
    expect(engine.job.seed).toBe(seed)
    const states = (await studio.call('run.list', {})).runs.map(({ state }) => state)
    expect(states.filter(state => state === 'running')).toHaveLength(1)
    coming = engines.next()
    diligent(engine, engine.sent[0]!)
  }
  await studio.idle()
  expect((await studio.call('run.list', {})).runs.every(({ state }) => state === 'finished')).toBe(true)
})

it('stops a running run when its batch is done, keeping the stages that were finished', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { id, engine } = await startPlayed(studio, engines)
  engine.say({ type: 'stage-started', stage: 0 })
  engine.say({ type: 'stage-finished', stage: 0, seconds: 1, outcome: evaluated(4) })
  engine.say({ type: 'stage-started', stage: 1 })
  const stopping = studio.call('run.stop', { id })
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(engine.sent.map(({ type }) => type)).toEqual(['start', 'stop'])
  engine.say({ type: 'stopped' })
  engine.exit()
  const run = await stopping
  expect(run.state).toBe('stopped')
  expect(run.stages.map(({ state }) => state)).toEqual(['finished', 'stopped', 'waiting'])
  expect(engine.isKilled).toBe(false)
  const detail = await studio.call('run.get', { id })
  expect(detail.log.at(-1)!.text).toBe('Stopped by hand.')
})

it('ends the process of a run that does not stop by itself', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, stopGraceMs: 50 })
  const { id, engine } = await startPlayed(studio, engines)
  const run = await studio.call('run.stop', { id })
  expect(engine.isKilled).toBe(true)
  expect(run.state).toBe('stopped')
})

it('takes a waiting run back without ever starting it', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const coming = engines.next()
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { seeds: [0, 1] }) })
  const engine = await coming
  expect((await studio.call('run.stop', { id: runs[1]!.id })).state).toBe('stopped')
  diligent(engine, engine.sent[0]!)
  await studio.idle()
  expect(engines.engines).toHaveLength(1)
  const states = (await studio.call('run.list', {})).runs.map(({ state, startedAt }) => [state, startedAt === null])
  expect(states).toEqual([
    ['finished', false],
    ['stopped', true],
  ])
})

const deaths: [string, { code: number | null; signal?: string; reason?: string }, RegExp][] = [
  ['killed', { code: null, signal: 'SIGKILL' }, /ended by the signal SIGKILL/],
  ['a shell reporting a signal', { code: 134 }, /ended by the signal SIGABRT/],
  ['gone by itself', { code: 3 }, /ended by itself with exit status 3/],
  ['never started', { code: null, reason: 'spawn ENOMEM' }, /could not be started: spawn ENOMEM/],
]
it.each(deaths)('a process that is %s makes the run failed and says so', async (_, exit, words) => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { id, engine } = await startPlayed(studio, engines)
  engine.say({ type: 'stage-started', stage: 0 })
  engine.exit({ signal: null, ...exit })
  await studio.idle()
  const { run } = await studio.call('run.get', { id })
  expect(run.state).toBe('failed')
  expect(run.error).toMatchObject({ code: 'run.died', message: expect.stringMatching(words) })
  expect(run.stages.map(({ state }) => state)).toEqual(['failed', 'waiting', 'waiting'])
})

it('goes on with the next run after one died', async () => {
  let count = 0
  const engines = scriptedEngines((engine, message) => {
    if (count++ === 0) engine.exit({ code: null, signal: 'SIGSEGV' })
    else diligent(engine, message)
  })
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  await studio.call('run.start', { document: recipeIn(studio, { seeds: [0, 1] }) })
  await studio.idle()
  expect((await studio.call('run.list', {})).runs.map(({ state }) => state)).toEqual(['failed', 'finished'])
})

it('keeps the error that the engine gave, and what it printed', async () => {
  const engines = scriptedEngines((engine, message) => {
    if (message.type !== 'start') return
    engine.print('something native')
    engine.say({ type: 'failed', error: { code: 'engine.out-of-memory', message: 'The GPU is full.' } })
    engine.exit({ code: 1 })
  })
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { run, log } = await finishOne(studio)
  expect(run).toMatchObject({ state: 'failed', error: { code: 'engine.out-of-memory', message: 'The GPU is full.' } })
  expect(log.map(({ text }) => text)).toContain('something native')
  expect((await studio.call('studio.info', {})).engine.state).toBe('failed')
})

it('fails a run whose inputs cannot be read, before any process', async () => {
  const engines = scriptedEngines(diligent)
  const readers = {
    isDataset: async () => true,
    dataset: () => Promise.reject(new EspalierError({ code: 'file.truncated', message: 'x.bin ends early.' })),
    model: () => Promise.reject(new Error('not asked')),
  }
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, readers })
  const { run } = await finishOne(studio)
  expect(run).toMatchObject({ state: 'failed', error: { code: 'file.truncated' }, identity: null })
  expect(engines.engines).toHaveLength(0)
})

it('fails a run whose model file is not there when it is handed over', async () => {
  const engines = scriptedEngines((engine, message) => {
    if (message.type !== 'start') return
    engine.say({ type: 'stage-started', stage: 0 })
    engine.say({ type: 'stage-finished', stage: 0, seconds: 1, outcome: evaluated(4), modelFile: '/nowhere' })
    engine.say({ type: 'finished' })
    engine.exit()
  })
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { run } = await finishOne(studio)
  expect(run.state).toBe('failed')
  expect(run.stages[0]!.state).toBe('failed')
})

it('leaves no work folder behind', async () => {
  const studio = await openStudio()
  await finishOne(studio)
  const work = join(studio.path, '..', 'cache', 'work')
  expect(existsSync(work) ? readdirSync(work) : []).toEqual([])
})

it('closing stops what runs and takes back what waits, and says so', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const coming = engines.next()
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { seeds: [0, 1] }) })
  const engine = await coming
  const closing = studio.close('The window was closed.')
  expect(engine.sent.at(-1)).toEqual({ type: 'stop' })
  await expect(studio.call('run.list', {})).rejects.toMatchObject({ code: 'contract.closed' })
  engine.say({ type: 'stopped' })
  engine.exit()
  await closing
  const later = await openStudio({ path: studio.path })
  for (const { id } of runs) {
    const { run, log } = await later.call('run.get', { id })
    expect(run.state).toBe('stopped')
    expect(log.at(-1)!.text).toBe('The window was closed.')
  }
})

it('removes a run that is over, and refuses one that is not', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine })
  const { id, engine } = await startPlayed(studio, engines)
  await expect(studio.call('run.remove', { id })).rejects.toMatchObject({ code: 'not-allowed' })
  diligent(engine, engine.sent[0]!)
  await studio.idle()
  await studio.call('run.remove', { id })
  expect((await studio.call('run.list', {})).runs).toEqual([])
  await expect(studio.call('run.get', { id })).rejects.toMatchObject({ code: 'not-found' })
})

it('kills at once what does not stop, and counts it as stopped', async () => {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, stopGraceMs: 60_000 })
  const { id, engine } = await startPlayed(studio, engines)
  const stopping = studio.call('run.stop', { id })
  studio.kill('A second Ctrl-C.')
  expect((await stopping).state).toBe('stopped')
  expect(engine.isKilled).toBe(true)
})

it('ends a process that has said its last word and stays', async () => {
  const engines = scriptedEngines((engine, message) => {
    if (message.type === 'start') engine.say({ type: 'finished' })
  })
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, stopGraceMs: 30 })
  const { run } = await finishOne(studio)
  expect(engines.engines[0]!.isKilled).toBe(true)
  expect(run.state).toBe('finished')
})
