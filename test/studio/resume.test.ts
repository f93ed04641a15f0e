/** Pause, stop and whatever else ends a run early; and how it goes on. The engines are played by hand. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { writeState } from '../../src/engine/training/state-file.ts'
import { stateFolder } from '../../src/studio/directories.ts'
import { temporaryFolder } from '../temporary.ts'
import {
  diligent,
  isState,
  openStudio,
  type PlayedEngine,
  recipeIn,
  scriptedEngines,
  type TestStudio,
} from './harness.ts'
import { evaluated } from './project/examples.ts'

/** As training leaves one: the record is in the project up to step `after` for sure. */
function saveState(studio: TestStudio, runId: string, stage: number, after: number): Promise<void> {
  return writeState(stateFolder(studio.path, runId), {
    stage,
    training: 'this',
    position: {
      epoch: 0,
      step: after,
      sums: { loss: 1, correct: 1, samples: 1, learningRate: 0.1, seconds: 1 },
      seconds: 0,
      epochs: [],
      best: null,
    },
    tail: { after, points: [], layers: [], norms: [] },
    tensors: new Map([['parameter/w', Float32Array.of(1)]]),
    best: new Map(),
  })
}

const layers = [{ name: 'conv1', weights: 8, zeros: 4 }]

/** Up to step 5 of the second stage. */
function workAWhile(engine: PlayedEngine): void {
  engine.say({ type: 'stage-started', stage: 0 })
  engine.say({ type: 'metrics', stage: 0, points: [{ name: 'accuracy', step: 1, value: 0.5 }] })
  engine.say({ type: 'stage-finished', stage: 0, seconds: 1, outcome: evaluated(4) })
  engine.say({ type: 'stage-started', stage: 1 })
  for (let step = 1; step <= 5; step++) {
    engine.say({ type: 'metrics', stage: 1, points: [{ name: 'loss', step, value: 1 / step }] })
    engine.say({ type: 'layers', stage: 1, step, layers })
  }
}

async function startedRun(options: Parameters<typeof openStudio>[0] = {}) {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, stopGraceMs: 50, ...options })
  const coming = engines.next()
  const { runs } = await studio.call('run.start', { document: recipeIn(studio) })
  const engine = await coming
  workAWhile(engine)
  return { studio, engines, engine, id: runs[0]!.id }
}

async function end(studio: TestStudio, engine: PlayedEngine, id: string, how: 'run.pause' | 'run.stop') {
  const ending = studio.call(how, { id })
  await new Promise(resolve => setTimeout(resolve, 10))
  engine.say({ type: 'stopped' })
  engine.exit()
  return ending
}

it('goes on in the same run, after what its state says is recorded', async () => {
  const { studio, engines, engine, id } = await startedRun()
  await saveState(studio, id, 1, 3)
  const paused = await end(studio, engine, id, 'run.pause')
  expect(paused).toMatchObject({ state: 'paused', error: null })
  expect(paused.stages.map(({ state }) => state)).toEqual(['finished', 'paused', 'waiting'])
  const before = await studio.call('run.get', { id })
  expect(before.log.at(-1)!.text).toBe('Paused by hand.')
  expect(before.metrics.filter(({ stage }) => stage === 1)).toHaveLength(5)

  const coming = engines.next()
  const queued = await studio.call('run.resume', { id })
  expect(queued).toMatchObject({ id, number: paused.number, state: 'queued', endedAt: null })
  expect(queued.stages.map(({ state }) => state)).toEqual(['finished', 'waiting', 'waiting'])
  const next = await coming
  expect(next.job).toMatchObject({ runId: id, firstStage: 1, stateDirectory: engine.job.stateDirectory })
  expect(existsSync(next.job.stateDirectory)).toBe(true)
  const detail = await studio.call('run.get', { id })
  expect(detail.metrics.map(({ stage, step }) => [stage, step])).toEqual([
    [0, 1],
    [1, 1],
    [1, 2],
    [1, 3],
  ])
  expect(detail.layers.map(({ stage, step }) => [stage, step])).toEqual([
    [1, 1],
    [1, 2],
    [1, 3],
  ])
  expect(detail.log.map(({ text }) => text)).toContain('Resumed within stage 2 of 3.')

  diligent(next, next.sent[0]!)
  await studio.idle()
  const { run } = await studio.call('run.get', { id })
  expect(run.state).toBe('finished')
  expect(run.stages.map(({ cached }) => cached)).toEqual([false, false, false])
  // Nothing of it is needed any more.
  expect(existsSync(dirname(stateFolder(studio.path, id)))).toBe(false)
})

it('begins the stage anew where no state of it was saved', async () => {
  const { studio, engines, engine, id } = await startedRun()
  await saveState(studio, id, 0, 9)
  await end(studio, engine, id, 'run.stop')
  const coming = engines.next()
  await studio.call('run.resume', { id })
  await coming
  const detail = await studio.call('run.get', { id })
  expect(detail.metrics.map(({ stage }) => stage)).toEqual([0])
  expect(detail.layers).toEqual([])
  expect(detail.log.map(({ text }) => text)).toContain('Resumed at the start of stage 2 of 3.')
})

it('in another process than the one that died', async () => {
  const { studio, engine, id } = await startedRun()
  await saveState(studio, id, 1, 3)
  engine.exit({ code: null, signal: 'SIGKILL' })
  await studio.until(isState(id, 'failed'))
  await studio.close()
  const engines = scriptedEngines(diligent)
  const other = await openStudio({ path: studio.path, spawnEngine: engines.spawnEngine })
  await other.call('run.resume', { id })
  await other.until(isState(id, 'finished'))
  expect(engines.engines[0]!.job.firstStage).toBe(1)
})

it('pauses a run that waits, and one of another process', async () => {
  const { studio, engine, id } = await startedRun()
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { seeds: [5] }) })
  expect((await studio.call('run.pause', { id: runs[0]!.id })).state).toBe('paused')
  const other = await openStudio({ path: studio.path })
  const pausing = other.call('run.pause', { id })
  for (let i = 0; i < 100 && !engine.sent.some(({ type }) => type === 'stop'); i++)
    await new Promise(resolve => setTimeout(resolve, 20))
  engine.say({ type: 'stopped' })
  engine.exit()
  expect((await pausing).state).toBe('paused')
  const { log } = await other.call('run.get', { id })
  expect(log.at(-1)!.text).toBe('Paused from another window or terminal.')
  // Whoever resumes it works it.
  const finished = other.until(isState(id, 'finished'))
  await other.call('run.resume', { id })
  await finished
  expect(existsSync(stateFolder(other.path, id))).toBe(false)
})

it('is refused for a run that works or is finished, and for another identity than it began with', async () => {
  const { studio, engine, id } = await startedRun()
  await expect(studio.call('run.resume', { id })).rejects.toMatchObject({
    code: 'not-allowed',
    message: 'Run 1 is running.',
  })
  await end(studio, engine, id, 'run.stop')
  await studio.close()
  const other = await openStudio({
    path: studio.path,
    describeEngine: async () => ({ version: 'another engine', tensorflow: '2.22.0' }),
  })
  await other.call('run.resume', { id })
  await other.until(isState(id, 'failed'))
  const { run } = await other.call('run.get', { id })
  expect(run.error).toMatchObject({ code: 'run.inputs-changed', message: expect.stringContaining('Run 1') })
  expect(run.stages[0]!.state).toBe('finished')
  await other.close()
  const same = await openStudio({ path: studio.path })
  await same.call('run.resume', { id })
  await same.until(isState(id, 'finished'))
  await expect(same.call('run.resume', { id })).rejects.toMatchObject({ code: 'not-allowed' })
  await expect(same.call('run.resume', { id: 'nobody' })).rejects.toMatchObject({ code: 'not-found' })
})

it('a run that was to do everything again keeps what it did itself', async () => {
  const path = join(temporaryFolder(), 'again.espalier')
  const engines = scriptedEngines()
  const studio = await openStudio({ path, spawnEngine: engines.spawnEngine, stopGraceMs: 50 })
  const first = engines.next()
  await studio.call('run.start', { document: recipeIn(studio) })
  const worker = await first
  diligent(worker, worker.sent[0]!)
  await studio.idle()
  const second = engines.next()
  const { runs } = await studio.call('run.start', { document: recipeIn(studio), again: true })
  const { id } = runs[0]!
  const engine = await second
  expect(engine.job.firstStage).toBe(0)
  workAWhile(engine)
  await end(studio, engine, id, 'run.stop')
  const third = engines.next()
  await studio.call('run.resume', { id })
  expect((await third).job.firstStage).toBe(1)
  const { metrics } = await studio.call('run.get', { id })
  expect(metrics).toHaveLength(1)
})

it('what is removed leaves no state behind', async () => {
  const { studio, engine, id } = await startedRun()
  await saveState(studio, id, 1, 3)
  await end(studio, engine, id, 'run.stop')
  expect(readdirSync(`${studio.path}-state`)).toEqual([id])
  await studio.call('run.remove', { id })
  expect(existsSync(`${studio.path}-state`)).toBe(false)
})
