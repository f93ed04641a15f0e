import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { EspalierError } from '../../src/shared/errors.ts'
import { createAnnouncer } from '../../src/studio/announcer.ts'
import { openProject, type Project } from '../../src/studio/project/project.ts'
import { createQueue } from '../../src/studio/queue.ts'
import { temporaryFolder } from '../temporary.ts'
import { fakeReaders } from './fake-readers.ts'
import { diligent, type Script, scriptedEngines } from './harness.ts'
import { addOwner, exampleRecipe } from './project/examples.ts'

/** A queue over a project whose disk can be made full. */
function queueOnSmallDisk(script: Script) {
  const folder = temporaryFolder()
  const opened = openProject(join(folder, 'full.espalier'))
  onTestFinished(() => opened.close())
  const disk = { isFull: false }
  const project: Project = {
    ...opened,
    write(work) {
      if (disk.isFull) throw new EspalierError({ code: 'disk.full', message: 'The disk is full.' })
      return opened.write(work)
    },
  }
  const ownerId = addOwner(project)
  const engines = scriptedEngines(script)
  const queue = createQueue({
    project,
    announcer: createAnnouncer(),
    ownerId,
    readers: fakeReaders(),
    directories: { cache: join(folder, 'cache'), data: folder },
    spawnEngine: engines.spawnEngine,
    describeEngine: async () => null,
    stopGraceMs: 1000,
    onEngine: () => {},
    concurrency: 1,
  })
  return { project, queue, disk, engines }
}

it('a disk that fills up during a run: the process is ended, the run is failed, also before that can be written', async () => {
  const { project, queue, disk, engines } = queueOnSmallDisk((engine, message) => {
    if (message.type !== 'start') return
    engine.say({ type: 'stage-started', stage: 0 })
    disk.isFull = true
    diligent(engine, message)
  })
  const { id } = queue.add(exampleRecipe(), { recipeId: null, again: false })[0]!
  await queue.idle()
  expect(engines.engines[0]!.isKilled).toBe(true)
  const stored = project.runs.summary(id)!
  expect(stored.state).toBe('running')
  const truth = queue.truth(stored)
  expect(truth).toMatchObject({ state: 'failed', error: { code: 'disk.full' } })
  expect(truth.stages[0]!.state).toBe('failed')

  expect(() => queue.retrySaving()).toThrow('full')
  disk.isFull = false
  queue.retrySaving()
  const saved = project.runs.summary(id)!
  expect(saved).toMatchObject({ state: 'failed', error: { code: 'disk.full' } })
  expect(saved.stages[0]!.state).toBe('failed')
})

it('a full disk when a run would start: the run is failed and the next one is tried', async () => {
  const { project, queue, disk } = queueOnSmallDisk(diligent)
  const recipe = exampleRecipe({ seeds: [0, 1] })
  const runs = queue.add(recipe, { recipeId: null, again: false })
  disk.isFull = true
  await queue.idle()
  expect(runs.map(({ id }) => queue.truth(project.runs.summary(id)!).state)).toEqual(['failed', 'failed'])
})

it('a run that is taken back on a full disk is stopped, and the running one with it, when the queue closes', async () => {
  const { project, queue, disk, engines } = queueOnSmallDisk((engine, message) => {
    if (message.type === 'start') engine.say({ type: 'stage-started', stage: 0 })
    if (message.type === 'stop') {
      engine.say({ type: 'stopped' })
      engine.exit()
    }
  })
  const [first, second, third] = queue.add(exampleRecipe({ seeds: [0, 1, 2] }), { recipeId: null, again: false })
  const state = (run = first!) => queue.truth(project.runs.summary(run.id)!).state
  await expect.poll(() => engines.engines[0]?.sent.some(({ type }) => type === 'start')).toBe(true)
  disk.isFull = true
  await queue.stop(third!.id, 'Stopped by hand.')
  expect([state(third), state(second)]).toEqual(['stopped', 'queued'])
  await queue.close('The studio was closed.')
  expect([first, second, third].map(state)).toEqual(['stopped', 'stopped', 'stopped'])
  disk.isFull = false
  queue.retrySaving()
  expect(project.runs.list().map(run => run.state)).toEqual(['stopped', 'stopped', 'stopped'])
})

it('a run that cannot be read any more has failed, and the next one is tried', async () => {
  const { project, queue, engines } = queueOnSmallDisk(diligent)
  const [first, second] = queue.add(exampleRecipe({ seeds: [0, 1] }), { recipeId: null, again: false })
  const get = project.runs.get
  Object.assign(project.runs, {
    get(id: string) {
      if (id === first!.id) throw new EspalierError({ code: 'project.corrupt', message: 'It cannot be read.' })
      return get(id)
    },
  })
  await queue.idle()
  expect(queue.truth(project.runs.summary(first!.id)!)).toMatchObject({
    state: 'failed',
    error: { code: 'project.corrupt' },
  })
  expect(project.runs.summary(second!.id)!.state).toBe('finished')
  expect(engines.engines).toHaveLength(1)
})
