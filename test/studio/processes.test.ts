/** What several processes see of each other, with real processes and real deaths. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { forkEngine } from '../../src/studio/engine-process.ts'
import { temporaryFolder } from '../temporary.ts'
import { isState, openStudio, recipeIn } from './harness.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const worker = here('fake-worker.ts')

/** Starts the holder and waits until its first run works. */
async function hold(path: string, name = 'hangs'): Promise<ChildProcess> {
  const child = spawn(process.execPath, [here('holder.ts'), path, worker, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', code => reject(new Error(`the holder ended with ${code}`)))
  })
  return child
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

const exists = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('a killed studio: its runs are interrupted, the log says who and when, nothing else is touched', async () => {
  const path = join(temporaryFolder(), 'killed.espalier')
  const holder = await hold(path)
  const before = await openStudio({ path })
  const seen = (await before.call('run.list', {})).runs
  expect(seen.map(({ state }) => state)).toEqual(['running', 'queued'])
  await before.close()
  const { log } = await (await openStudio({ path })).call('run.get', { id: seen[0]!.id })
  const pid = Number(/pid (\d+)/.exec(log.map(({ text }) => text).join())?.[1])
  expect(exists(pid)).toBe(true)
  await kill(holder, 'SIGKILL')
  const after = await openStudio({ path })
  const { runs } = await after.call('run.list', {})
  expect(runs.map(({ state }) => state)).toEqual(['interrupted', 'interrupted'])
  expect(runs[0]!.stages[0]!.state).toBe('interrupted')
  expect(runs[0]!.error?.message).toMatch(
    new RegExp(
      `^The browser host \\(process ${holder.pid}\\) ended while it worked this run; it was last heard of at \\d{4}-`,
    ),
  )
  expect(runs[1]!.error?.message).toContain('before this run began')
  expect((await after.call('run.get', { id: runs[0]!.id })).log.at(-1)!.text).toBe(runs[0]!.error!.message)
  // Its engine process noticed that nobody listens any more.
  for (let i = 0; i < 50 && exists(pid); i++) await new Promise(resolve => setTimeout(resolve, 50))
  expect(exists(pid)).toBe(false)
}, 20_000)

it('an open window says so when the process beside it is killed', async () => {
  const path = join(temporaryFolder(), 'beside.espalier')
  const holder = await hold(path)
  const window = await openStudio({ path })
  const { runs } = await window.call('run.list', {})
  await kill(holder, 'SIGKILL')
  await window.until(isState(runs[0]!.id, 'interrupted'))
}, 20_000)

it('a studio that is told to end leaves its runs stopped', async () => {
  const path = join(temporaryFolder(), 'ended.espalier')
  await kill(await hold(path), 'SIGTERM')
  const after = await openStudio({ path })
  const { runs } = await after.call('run.list', {})
  expect(runs.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
  expect((await after.call('run.get', { id: runs[0]!.id })).log.at(-1)!.text).toBe('Told to end.')
}, 20_000)

it('two studios see each other work, and one stops the run of the other', async () => {
  const path = join(temporaryFolder(), 'shared.espalier')
  const first = await openStudio({ path, spawnEngine: () => forkEngine(worker) })
  const second = await openStudio({ path })
  const { runs } = await first.call('run.start', { document: recipeIn(first, { name: 'hangs' }) })
  const { id } = runs[0]!
  await second.until(isState(id, 'running'))
  await second.until(event => event.type === 'library.changed')
  await second.until(event => event.type === 'run.progress' && event.progress.runId === id && event.progress.done === 1)
  expect((await second.call('run.get', { id })).progress).toMatchObject({ runId: id })
  const stopped = await second.call('run.stop', { id })
  expect(stopped.state).toBe('stopped')
  expect((await first.call('run.get', { id })).log.at(-1)!.text).toBe('Stopped from another window or terminal.')
  await second.call('run.remove', { id })
  await first.until(event => event.type === 'run.removed' && event.id === id)
}, 20_000)

const deaths = [
  ['exits', 'exit status 7'],
  ['aborts', 'signal SIGABRT'],
  ['throws', 'exit status 1'],
] as const
it.each(deaths)('a real process that %s: the run failed with its %s', async (name, words) => {
  const studio = await openStudio({ spawnEngine: () => forkEngine(worker) })
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { name }) })
  await studio.idle()
  const { run, log } = await studio.call('run.get', { id: runs[0]!.id })
  expect(run.state).toBe('failed')
  expect(run.error!.message).toContain(words)
  if (name === 'throws') expect(log.map(({ text }) => text).join('\n')).toContain('a fault of the worker')
})

it('a real process that is killed: the run failed, with the signal', async () => {
  const studio = await openStudio({ spawnEngine: () => forkEngine(worker) })
  const { runs } = await studio.call('run.start', { document: recipeIn(studio, { name: 'hangs' }) })
  const { id } = runs[0]!
  await studio.until(event => event.type === 'run.log' && event.text.startsWith('pid '))
  const { log } = await studio.call('run.get', { id })
  process.kill(Number(/pid (\d+)/.exec(log[0]!.text)![1]), 'SIGKILL')
  await studio.until(isState(id, 'failed'))
  const { run } = await studio.call('run.get', { id })
  expect(run.error).toMatchObject({ code: 'run.died', message: expect.stringContaining('SIGKILL') })
})

it('an engine whose program is not there: the run failed', async () => {
  const studio = await openStudio({ spawnEngine: () => forkEngine('/nowhere/worker.ts') })
  const { runs } = await studio.call('run.start', { document: recipeIn(studio) })
  await studio.idle()
  expect((await studio.call('run.get', { id: runs[0]!.id })).run.error?.code).toBe('run.died')
})
