/**
 * Works one run from the queue to its end: reads its inputs, takes over finished work of the same identity, and feeds
 * and watches an engine process for the rest. Whatever happens, the run ends in a state that is true.
 */
import type { FromEngine } from '../engine/protocol.ts'
import { isLogNoise } from '../engine/runtime/log-noise.ts'
import type { RunProgress, RunState } from '../shared/domain.ts'
import { type ErrorData, toErrorData } from '../shared/errors.ts'
import { diedError } from './died.ts'
import { samplesFolder, stateFolder, workFolder } from './directories.ts'
import type { EngineExit, EngineProcess } from './host.ts'
import { type PreparedRun, prepareRun, removeWorkFolder } from './prepare-run.ts'
import { keepProbe } from './probe-runs.ts'
import type { EarlyState, StoredRun } from './project/runs.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { removeState } from './resume.ts'
import type { WorkOptions } from './work-options.ts'

export type RunEnd = { readonly state: Exclude<RunState, 'queued' | 'running'>; readonly error: ErrorData | null }

export interface RunningRun {
  /** Settles when the run has ended and its process is gone. Never rejects. `saved` is false if the end could not be written. */
  readonly done: Promise<RunEnd & { saved: boolean }>
  /** `why` goes into the run's log, `state` is what becomes of it. */
  stop(why: string, state: EarlyState): void
  /** Ends the process at once; the run counts as stopped. */
  kill(why: string): void
  progress(): RunProgress | null
}

const preparingGraceMs = 1000
/** Lines of a process's own output that a run's log takes at most. */
const outputLines = 200

export function workRun(run: StoredRun, options: WorkOptions): RunningRun {
  const { directories } = options
  const { id } = run.summary
  const work = workFolder(directories, id)
  const reading = new AbortController()
  let engine: EngineProcess | undefined
  let isStarted = false
  /** Loading, reading or compiling, which cannot hear that it should stop. */
  let isPreparing = false
  let stopped: { readonly why: string; readonly state: EarlyState } | undefined
  let fault: ErrorData | undefined
  let graceTimer: NodeJS.Timeout | undefined

  const recorder = createRecorder({
    ...options,
    runId: id,
    uses: run.recipe.stages.map(({ use }) => use),
    onFault: fail,
  })

  function fail(thrown: unknown): void {
    fault ??= toErrorData(thrown)
    reading.abort()
    engine?.kill()
  }

  function stop(why: string, state: EarlyState): void {
    if (stopped !== undefined) return
    stopped = { why, state }
    reading.abort()
    // A process that was not given its job has nothing to finish.
    if (!isStarted) engine?.kill()
    else {
      engine?.send({ type: 'stop' })
      // Nothing is half-done while a network is compiled, and that may take longer than a person waits.
      graceTimer = setTimeout(
        () => engine?.kill(),
        isPreparing ? Math.min(preparingGraceMs, options.stopGraceMs) : options.stopGraceMs,
      )
    }
  }

  async function feed(prepared: PreparedRun): Promise<RunEnd> {
    const { keys, keysOf, ...rest } = prepared
    const child = options.spawnEngine()
    engine = child
    let terminal: Extract<FromEngine, { type: 'finished' | 'stopped' | 'failed' }> | undefined
    let lines = 0
    child.onOutput(line => {
      if (!isLogNoise(line) && lines++ < outputLines) attempt(() => recorder.log(line))
    })
    child.onMessage(message => {
      if (fault !== undefined || terminal !== undefined) return
      attempt(() => {
        isPreparing = message.type === 'prepare'
        if (message.type === 'ready') {
          if (stopped !== undefined) return child.kill()
          isStarted = true
          const { recipe, summary } = run
          const job = {
            runId: id,
            recipe,
            seed: summary.seed,
            workDirectory: work,
            stateDirectory: stateFolder(options.project.path, id),
            cacheDirectory: samplesFolder(directories),
            ...rest,
          }
          child.send({ type: 'start', job })
        } else if (message.type === 'finished' || message.type === 'stopped' || message.type === 'failed') {
          terminal = message
          // It has nothing left to do; one that does not end is ended.
          graceTimer ??= setTimeout(() => child.kill(), options.stopGraceMs)
        } else {
          if (message.type === 'engine') options.onEngine(message)
          if (message.type === 'probe') keepProbe(message, { ...options, runId: id, keysOf })
          else recorder.message(message, keys)
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
    if (stopped !== undefined) return { state: stopped.state, error: null }
    if (terminal?.type === 'stopped') return { state: 'stopped', error: null }
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
      const prepared = await prepareRun(run, options, recorder, reading.signal)
      if (stopped !== undefined) return { state: stopped.state, error: null }
      return prepared === 'finished' ? { state: 'finished', error: null } : await feed(prepared)
    } catch (thrown) {
      if (stopped !== undefined) return { state: stopped.state, error: null }
      return { state: 'failed', error: fault ?? toErrorData(thrown) }
    }
  }

  async function toSavedEnd(): Promise<RunEnd & { saved: boolean }> {
    const end = await toEnd()
    clearTimeout(graceTimer)
    removeWorkFolder(work)
    const saved = saveEnd(recorder, end, stopped?.why)
    // Any other end may be gone on from.
    if (end.state === 'finished' && saved) removeState(options.project.path, id)
    return { ...end, saved }
  }

  return {
    done: toSavedEnd(),
    stop,
    kill(why) {
      stopped ??= { why, state: 'stopped' }
      reading.abort()
      engine?.kill()
    },
    progress: () => recorder.lastProgress(),
  }
}

function saveEnd(recorder: Recorder, { state, error }: RunEnd, why: string | undefined): boolean {
  try {
    if ((state === 'stopped' || state === 'paused') && why !== undefined) recorder.log(why)
    recorder.end(state, error)
    return true
  } catch {
    return false
  } finally {
    recorder.close()
  }
}
