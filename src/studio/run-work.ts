/**
 * Works one run from the queue to its end: reads its inputs, takes over finished work of the same identity, and feeds
 * and watches an engine process for the rest. Whatever happens, the run ends in a state that is true.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FromEngine } from '../engine/protocol.ts'
import { diskFault } from '../formats/disk-faults.ts'
import type { RunProgress, RunState } from '../shared/domain.ts'
import { type ErrorData, toErrorData } from '../shared/errors.ts'
import { diedError } from './died.ts'
import { samplesFolder, workFolder } from './directories.ts'
import type { EngineExit, EngineProcess, StudioOptions } from './host.ts'
import { stageKeys } from './identity.ts'
import { type Inputs, type Readers, readInputs } from './inputs.ts'
import { addDataset, addModel } from './library.ts'
import type { Project } from './project/project.ts'
import type { StoredRun } from './project/runs.ts'
import { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts'
import { findReusable, modelAfter, takeOver } from './reuse.ts'

export interface WorkOptions extends Pick<StudioOptions, 'directories' | 'spawnEngine'> {
  readonly project: Project
  readonly announcer: RecorderOptions['announcer']
  readonly ownerId: string
  readonly readers: Readers
  readonly describeEngine: NonNullable<StudioOptions['describeEngine']>
  readonly stopGraceMs: number
  readonly onEngine: (engine: { tensorflow: string; device: string } | ErrorData) => void
}

export type RunEnd = { readonly state: Exclude<RunState, 'queued' | 'running'>; readonly error: ErrorData | null }

export interface RunningRun {
  /** Settles when the run has ended and its process is gone. Never rejects. `saved` is false if the end could not be written. */
  readonly done: Promise<RunEnd & { saved: boolean }>
  /** `why` goes into the run's log. */
  stop(why: string): void
  /** Ends the process at once; the run counts as stopped. */
  kill(why: string): void
  progress(): RunProgress | null
}

/** Lines of a process's own output that a run's log takes at most. */
const outputLines = 200

export function workRun(run: StoredRun, options: WorkOptions): RunningRun {
  const { project, directories } = options
  const { id } = run.summary
  const work = workFolder(directories, id)
  const reading = new AbortController()
  let engine: EngineProcess | undefined
  let isStarted = false
  let stopped: string | undefined
  let fault: ErrorData | undefined
  let graceTimer: NodeJS.Timeout | undefined

  const recorder = createRecorder({
    project,
    announcer: options.announcer,
    ownerId: options.ownerId,
    runId: id,
    uses: run.recipe.stages.map(({ use }) => use),
    onFault: fail,
  })

  function fail(thrown: unknown): void {
    fault ??= toErrorData(thrown)
    reading.abort()
    engine?.kill()
  }

  function stop(why: string): void {
    if (stopped !== undefined) return
    stopped = why
    reading.abort()
    // A process that was not given its job has nothing to finish.
    if (!isStarted) engine?.kill()
    else {
      engine?.send({ type: 'stop' })
      graceTimer = setTimeout(() => engine?.kill(), options.stopGraceMs)
    }
  }

  async function prepare(): Promise<{ keys: string[]; firstStage: number; modelFile?: string } | 'finished'> {
    const onProgress = ({ step, done, total }: { step: string; done: number; total: number }) =>
      recorder.progress({ stage: null, step, done, total, unit: '' })
    const inputs = await readInputs(run.recipe, options.readers, { signal: reading.signal, onProgress })
    const description = await options.describeEngine()
    const engineVersion = description?.version ?? 'none'
    const { dataset, model, architecture, layers } = inputs
    const keys = stageKeys({
      recipe: run.recipe,
      seed: run.summary.seed,
      dataFingerprint: dataset.fingerprint,
      weightsFingerprint: model?.fingerprint ?? null,
      architecture,
      engineVersion,
    })
    addToLibrary(options, inputs)
    recorder.inputs(keys.at(-1)!, {
      data: { name: dataset.name, fingerprint: dataset.fingerprint },
      model: { name: model?.name ?? architecture, architecture, fingerprint: model?.fingerprint ?? null },
      engine: engineVersion,
      layers,
    })
    const reused = run.again ? [] : findReusable(project, keys)
    if (reused.length > 0) {
      recorder.change(() => takeOver(project, id, reused, keys, Date.now()))
      recorder.log(reuseText(project, reused.length, run.recipe.stages.length, reused.at(-1)!.runId))
    }
    if (reused.length === run.recipe.stages.length) return 'finished'
    const sha256 = modelAfter(reused)
    makeWorkFolder(work)
    if (sha256 === null) return { keys, firstStage: reused.length }
    const modelFile = join(work, 'start.safetensors')
    writeModel(modelFile, project.weights.get(sha256)!)
    return { keys, firstStage: reused.length, modelFile }
  }

  async function feed(job: { keys: string[]; firstStage: number; modelFile?: string }): Promise<RunEnd> {
    const { keys, ...rest } = job
    const child = options.spawnEngine()
    engine = child
    let terminal: Extract<FromEngine, { type: 'finished' | 'stopped' | 'failed' }> | undefined
    let lines = 0
    child.onOutput(line => {
      if (lines++ < outputLines) attempt(() => recorder.log(line))
    })
    child.onMessage(message => {
      if (fault !== undefined || terminal !== undefined) return
      attempt(() => {
        if (message.type === 'ready') {
          if (stopped !== undefined) return child.kill()
          isStarted = true
          const { recipe, summary } = run
          const cacheDirectory = samplesFolder(directories)
          child.send({
            type: 'start',
            job: { runId: id, recipe, seed: summary.seed, workDirectory: work, cacheDirectory, ...rest },
          })
        } else if (message.type === 'finished' || message.type === 'stopped' || message.type === 'failed') {
          terminal = message
          // It has nothing left to do; one that does not end is ended.
          graceTimer ??= setTimeout(() => child.kill(), options.stopGraceMs)
        } else {
          if (message.type === 'engine') options.onEngine(message)
          recorder.message(message, keys)
        }
      })
    })
    const exit = await new Promise<EngineExit>(resolve => child.onExit(resolve))
    if (fault !== undefined) return { state: 'failed', error: fault }
    if (terminal?.type === 'finished') return { state: 'finished', error: null }
    if (terminal?.type === 'failed') {
      if (terminal.error.code.startsWith('engine.')) options.onEngine(terminal.error)
      return { state: 'failed', error: terminal.error }
    }
    if (stopped !== undefined || terminal?.type === 'stopped') return { state: 'stopped', error: null }
    return { state: 'failed', error: diedError(exit) }
  }

  function attempt(work: () => void): void {
    try {
      work()
    } catch (thrown) {
      fail(thrown)
    }
  }

  async function toEnd(): Promise<RunEnd> {
    try {
      recorder.start()
      const job = await prepare()
      if (stopped !== undefined) return { state: 'stopped', error: null }
      return job === 'finished' ? { state: 'finished', error: null } : await feed(job)
    } catch (thrown) {
      if (stopped !== undefined) return { state: 'stopped', error: null }
      return { state: 'failed', error: fault ?? toErrorData(thrown) }
    }
  }

  async function toSavedEnd(): Promise<RunEnd & { saved: boolean }> {
    const end = await toEnd()
    clearTimeout(graceTimer)
    rmSync(work, { recursive: true, force: true })
    return { ...end, saved: saveEnd(recorder, end, stopped) }
  }

  return {
    done: toSavedEnd(),
    stop,
    kill(why) {
      stopped ??= why
      reading.abort()
      engine?.kill()
    },
    progress: () => recorder.lastProgress(),
  }
}

/** What a run works with stands in the library, also when the terminal named it. */
function addToLibrary({ project, announcer, ownerId }: WorkOptions, { dataset, model }: Inputs): void {
  const isNew =
    project.datasets.byFingerprint(dataset.fingerprint)?.path !== dataset.path ||
    (model !== null && project.models.byFingerprint(model.fingerprint)?.path !== model.path)
  if (!isNew) return
  project.write(() => {
    addDataset(project, dataset)
    if (model) addModel(project, model)
    project.events.add(ownerId, 'library', null)
  })
  announcer.announce({ type: 'library.changed' })
}

function saveEnd(recorder: Recorder, { state, error }: RunEnd, stopped: string | undefined): boolean {
  try {
    if (state === 'stopped' && stopped !== undefined) recorder.log(stopped)
    recorder.end(state, error)
    return true
  } catch {
    return false
  } finally {
    recorder.close()
  }
}

function reuseText(project: Project, count: number, of: number, fromRun: string): string {
  const from = project.runs.summary(fromRun)
  const what = count === of ? 'All stages were' : count === 1 ? 'The first stage was' : `The first ${count} stages were`
  return `${what} done before with the same inputs, settings, seed and engine; taken over from run ${from?.number}.`
}

function makeWorkFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw diskFault(path, cause)
  }
}

function writeModel(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes)
  } catch (cause) {
    throw diskFault(path, cause)
  }
}
