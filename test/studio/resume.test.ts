/** Pause, stop and whatever else ends a run early; and how it goes on. The engines are played by hand. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { writeState } from '../../src/engine/training/state-file.ts'
import { stateFolder } from '../../src/studio/directories.ts'
import { temporaryFolder } from '../temporary.ts'
import { fakeReaders } from './fake-readers.ts'
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
    tail: { after, points: [], layers: [], norms: [], federation: [] },
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

const rounds = [1, 2, 3].map(round => ({
  ...{ round, top1: round / 4, loss: 1 / round, upBytes: 10, downBytes: 20, sparsity: 0, seconds: round },
  clients: [
    {
      client: 1,
      state: 'done' as const,
      steps: 2,
      trainLoss: 1,
      trainTop1: 0.5,
      top1: 0.5,
      upBytes: 10,
      downBytes: 20,
    },
  ],
}))
const readers = fakeReaders({
  dataset: {
    splits: [
      { name: 'train', count: 40, perClass: [20, 20] },
      { name: 'test', count: 4, perClass: [2, 2] },
    ],
  },
})
const holders = [{ client: 1, samples: 3, classes: [1, 2], speed: 1 }]

/** A federation of two steps a round, as the engine tells it. */
function tellRounds(engine: PlayedEngine, ...numbers: number[]): void {
  for (const number of numbers) {
    const report = { kind: 'round' as const, isTwin: false, round: rounds[number - 1]! }
    engine.say({ type: 'federation', stage: 1, step: 2 * number, report })
  }
}

async function federatedRun() {
  const engines = scriptedEngines()
  const studio = await openStudio({ spawnEngine: engines.spawnEngine, readers, stopGraceMs: 50 })
  const coming = engines.next()
  const document = recipeIn(studio, {
    stages: [{ use: 'evaluate' }, { use: 'federate', clients: 1, rounds: 3, partition: 'iid' }],
  })
  const { runs } = await studio.call('run.start', { document })
  const engine = await coming
  engine.say({ type: 'stage-started', stage: 0 })
  engine.say({ type: 'stage-finished', stage: 0, seconds: 1, outcome: evaluated(4) })
  engine.say({ type: 'stage-started', stage: 1 })
  engine.say({ type: 'federation', stage: 1, step: 0, report: { kind: 'begins', clients: holders, layers: ['conv1'] } })
  tellRounds(engine, 1, 2)
  return { studio, engines, engine, id: runs[0]!.id }
}

const soFar = (...numbers: number[]) => [
  { stage: 1, clients: holders, layers: ['conv1'], rounds: numbers.map(number => rounds[number - 1]), twin: [] },
]

it('a federation shows its rounds while it works, none twice after a resume, and its result at the end', async () => {
  const { studio, engines, engine, id } = await federatedRun()
  const other = await openStudio({ path: studio.path })
  const shown = async () => (await studio.call('run.get', { id })).federations
  expect(await shown()).toEqual(soFar(1, 2))
  // Another window of another process has them too, and is told of the next.
  expect((await other.call('run.get', { id })).federations).toEqual(soFar(1, 2))
  const told = other.until(event => event.type === 'run.federation')
  tellRounds(engine, 3)
  expect(await told).toMatchObject({ runId: id, stage: 1, step: 6, report: { kind: 'round', round: { round: 3 } } })
  expect(await shown()).toEqual(soFar(1, 2, 3))
  await other.close()

  // Round 3 was told, and its state not yet saved.
  await saveState(studio, id, 1, 4)
  await end(studio, engine, id, 'run.stop')
  expect(await shown()).toEqual(soFar(1, 2, 3))
  const coming = engines.next()
  await studio.call('run.resume', { id })
  expect(await shown()).toEqual(soFar(1, 2))
  const next = await coming
  next.say({ type: 'stage-started', stage: 1 })
  // The end of what it told before, and what comes new.
  tellRounds(next, 2)
  expect(await shown()).toEqual(soFar(1, 2))
  tellRounds(next, 3)
  expect(await shown()).toEqual(soFar(1, 2, 3))

  next.say({
    ...{ type: 'stage-finished', stage: 1, seconds: 1 },
    outcome: {
      use: 'federate',
      result: {
        ...{ rounds, upBytes: 30, downBytes: 60, kept: 3, clients: holders, trainableParams: 8 },
        ...{ zeros: 0, weights: 8, layers: [{ name: 'conv1', weights: 8, zeros: 0 }] },
      },
    },
  })
  const { federations, run } = await studio.call('run.get', { id })
  expect(federations).toEqual([])
  expect(run.stages[1]!.outcome).toMatchObject({ use: 'federate', result: { rounds } })
  next.say({ type: 'finished' })
  next.exit()
  await studio.idle()
})

it('a federation that died keeps its rounds, and without a saved state begins with none', async () => {
  const { studio, engine, id } = await federatedRun()
  engine.exit({ code: null, signal: 'SIGKILL' })
  await studio.until(isState(id, 'failed'))
  await studio.close()
  const engines = scriptedEngines()
  const other = await openStudio({ path: studio.path, spawnEngine: engines.spawnEngine, readers, stopGraceMs: 50 })
  expect((await other.call('run.get', { id })).federations).toEqual(soFar(1, 2))
  const coming = engines.next()
  await other.call('run.resume', { id })
  expect((await other.call('run.get', { id })).federations).toEqual([])
  const next = await coming
  next.say({ type: 'stopped' })
  next.exit()
  await other.idle()
})
