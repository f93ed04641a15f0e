/** The application behind every host: a project, its library, its queue, and the calls of the contract. */
import { basename, extname, resolve } from 'node:path'
import type { Handlers, StudioEvent } from '../shared/contract.ts'
import type { EngineState, ProjectInfo } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import { createAnnouncer } from './announcer.ts'
import { runDoctor } from './doctor.ts'
import { describeEngine as describeCachedEngine } from './engine-version.ts'
import type { StudioOptions } from './host.ts'
import type { Readers } from './inputs.ts'
import { createLibraryCalls } from './library-calls.ts'
import { describeSelf } from './owner.ts'
import { projectFault } from './project/faults.ts'
import { openProject } from './project/project.ts'
import { createQueue } from './queue.ts'
import { createReaders } from './readers.ts'
import { markInterrupted } from './recovery.ts'
import { createRunCalls } from './run-calls.ts'
import { createSampleCalls } from './sample.ts'
import { espalierVersion } from './version.ts'
import { watchProject } from './watch.ts'

export interface Studio {
  readonly handlers: Handlers
  /** Returns the way to stop listening. */
  onEvent(listener: (event: StudioEvent) => void): () => void
  /** Whether this studio has the run queued or works it; other processes may work runs of the same project. */
  has(runId: string): boolean
  /** Resolves when nothing of this studio is queued or running. */
  idle(): Promise<void>
  /** Ends the processes of running runs at once; they count as stopped. */
  kill(why: string): void
  /** Stops what runs, says `why` in the logs, and closes the project file. */
  close(why?: string): Promise<void>
}

/**
 * Opens (or makes) the project and marks runs of dead processes. Throws what `openProject` throws.
 * `readers` may be given by a host that has read inputs already, so that they are not read again.
 */
export async function createStudio(options: StudioOptions & { readonly readers?: Readers }): Promise<Studio> {
  const { directories, spawnEngine } = options
  const describeEngine = options.describeEngine ?? describeCachedEngine
  const readers = options.readers ?? createReaders(directories)
  const project = openProject(resolve(options.projectPath))
  const announcer = createAnnouncer()
  const self = describeSelf(options.host, Date.now())
  const ownerId = self.id
  let engine = await firstEngineState(describeEngine)

  const setEngine = (state: EngineState) => {
    engine = state
    announcer.announce({ type: 'engine.changed', engine })
  }
  const queue = createQueue({
    project,
    announcer,
    ownerId,
    readers,
    directories,
    spawnEngine,
    describeEngine,
    concurrency: options.concurrency ?? 1,
    stopGraceMs: options.stopGraceMs ?? 10_000,
    onEngine(found) {
      if ('code' in found) setEngine({ ...engine, state: 'failed', error: found })
      else setEngine({ state: 'ready', tensorflow: found.tensorflow, device: found.device, error: null })
    },
  })
  const recover = () => markInterrupted({ project, announcer, ownerId, directories })
  let stopWatching: () => void
  try {
    project.write(() => project.owners.add(self))
    recover()
    stopWatching = watchProject({ project, announcer, ownerId, queue, recover })
  } catch (thrown) {
    project.close()
    throw thrown
  }

  const handlers: Handlers = {
    'studio.info': () => ({
      version: espalierVersion,
      host: options.host,
      acceptsPaths: options.acceptsPaths,
      project: projectInfo(),
      engine,
      recentProjects: options.recentProjects?.() ?? [],
    }),
    'engine.doctor': () => runDoctor({ project, directories, ...(options.probe && { probe: options.probe }) }),
    ...createLibraryCalls({ ...options, project, announcer, ownerId, readers }),
    ...createSampleCalls({ project, announcer, ownerId, readers, directories }),
    ...createRunCalls({ project, queue, announcer, ownerId }),
  }

  function projectInfo(): ProjectInfo {
    const { path } = project
    return { name: basename(path, extname(path)), path, bytes: project.bytes() }
  }

  let closing: Promise<void> | undefined
  async function close(why: string): Promise<void> {
    try {
      await queue.close(why)
      queue.retrySaving()
      project.write(() => project.owners.close(ownerId, Date.now()))
    } catch {
      // A disk that takes nothing any more: what is not written is found out, and said, at the next opening.
    } finally {
      stopWatching()
      announcer.close()
      project.close()
    }
  }

  return {
    handlers: inOurWords(handlers, project.path, () => closing !== undefined),
    onEvent: announcer.onEvent,
    has: queue.has,
    idle: queue.idle,
    kill: queue.kill,
    close(why = 'The studio was closed.') {
      closing ??= close(why)
      return closing
    },
  }
}

async function firstEngineState(describeEngine: NonNullable<StudioOptions['describeEngine']>): Promise<EngineState> {
  const found = await describeEngine()
  if (found) return { state: 'unknown', tensorflow: found.tensorflow, device: null, error: null }
  return {
    state: 'failed',
    tensorflow: null,
    device: null,
    error: {
      code: 'engine.missing',
      message: 'The TensorFlow engine is not set up yet.',
      hint: 'Run "npm start", which sets it up, or look at what the doctor says.',
    },
  }
}

/** What SQLite throws inside a call comes out as one of our errors; a studio that is closing answers no call any more. */
function inOurWords(handlers: Handlers, path: string, isClosed: () => boolean): Handlers {
  const wrapped = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (params: never, context: never) => {
      if (isClosed()) throw new EspalierError({ code: 'contract.closed', message: 'The studio is closing.' })
      try {
        return await (handler as (params: never, context: never) => unknown)(params, context)
      } catch (thrown) {
        throw projectFault(path, thrown)
      }
    },
  ])
  return Object.fromEntries(wrapped) as Handlers
}
