/** A studio over a temporary project, with readers that read nothing and engines that follow a script. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { FromEngine, Job, ToEngine } from '../../src/engine/protocol.ts'
import type { CallName, ParamsInput, Result, StudioEvent } from '../../src/shared/contract.ts'
import { calls } from '../../src/shared/contract.ts'
import type { RecipeInput } from '../../src/shared/recipe.ts'
import type { StageOutcome } from '../../src/shared/stages.ts'
import type { EngineExit, EngineProcess, StudioOptions } from '../../src/studio/host.ts'
import type { Readers } from '../../src/studio/inputs.ts'
import { createStudio, type Studio } from '../../src/studio/studio.ts'
import { temporaryFolder } from '../temporary.ts'
import { fakeReaders } from './fake-readers.ts'
import { evaluated, pruned } from './project/examples.ts'

/** An engine that a test plays by hand. */
export interface PlayedEngine extends EngineProcess {
  readonly sent: ToEngine[]
  readonly job: Job
  readonly isKilled: boolean
  say(message: FromEngine): void
  print(line: string): void
  exit(exit?: Partial<EngineExit>): void
}

/** What an engine does by itself when it gets a message; absent = the test plays it. */
export type Script = (engine: PlayedEngine, message: ToEngine) => void

export function scriptedEngines(script?: Script) {
  const engines: PlayedEngine[] = []
  const waiting: ((engine: PlayedEngine) => void)[] = []
  function spawnEngine(): EngineProcess {
    let onMessage: (message: FromEngine) => void = () => {}
    let onExit: (exit: EngineExit) => void = () => {}
    let onOutput: (line: string) => void = () => {}
    let isOver = false
    const sent: ToEngine[] = []
    const engine: PlayedEngine & { isKilled: boolean } = {
      pid: 4242,
      sent,
      isKilled: false,
      get job() {
        const start = sent.find(message => message.type === 'start')
        if (!start) throw new Error('the engine got no job')
        return start.job
      },
      send(message) {
        sent.push(structuredClone(message))
        if (script) setImmediate(() => script(engine, message))
      },
      onMessage: listener => {
        onMessage = listener
      },
      onOutput: listener => {
        onOutput = listener
      },
      onExit: listener => {
        onExit = listener
      },
      kill() {
        engine.isKilled = true
        setImmediate(() => engine.exit({ code: null, signal: 'SIGKILL' }))
      },
      say: message => void (isOver || onMessage(message)),
      print: line => onOutput(line),
      exit({ code = 0, signal = null, ...rest } = {}) {
        if (isOver) return
        isOver = true
        onExit({ code, signal, ...rest })
      },
    }
    engines.push(engine)
    setImmediate(() => {
      engine.say({ type: 'ready' })
      waiting.shift()?.(engine)
    })
    return engine
  }
  return {
    spawnEngine,
    engines,
    /** The next engine that comes up, once it has its job. */
    next: () => new Promise<PlayedEngine>(resolve => waiting.push(resolve)),
  }
}

/** Zeros after a prune of `sparsity` in the one layer of eight weights that these engines know. */
export const zerosOf = (sparsity: number) => Math.floor(sparsity * 8)

/** Works every stage at once: an evaluation finds 4 - zeros / 4 right, a prune hands a model file back. */
export const diligent: Script = (engine, message) => {
  if (message.type !== 'start') return
  const { recipe, firstStage, workDirectory } = message.job
  let zeros = 0
  for (const stage of recipe.stages.slice(0, firstStage)) if (stage.use === 'prune') zeros = zerosOf(stage.sparsity!)
  engine.say({ type: 'engine', tensorflow: '2.21.0', device: 'CPU' })
  for (const [index, stage] of recipe.stages.entries()) {
    if (index < firstStage) continue
    engine.say({ type: 'stage-started', stage: index })
    engine.say({ type: 'progress', stage: index, done: 4, total: 4, unit: 'samples' })
    engine.say({ type: 'metrics', stage: index, points: [{ name: 'accuracy', step: 1, value: index / 10 }] })
    let outcome: StageOutcome
    let modelFile: string | undefined
    if (stage.use === 'prune') {
      zeros = zerosOf(stage.sparsity!)
      outcome = pruned(zeros)
      modelFile = join(workDirectory, `after-${index}.safetensors`)
      writeFileSync(modelFile, `model with ${zeros} zeros`)
      engine.say({ type: 'layers', stage: index, step: 0, layers: [{ name: 'conv1', weights: 8, zeros }] })
    } else outcome = evaluated(Math.max(0, 4 - Math.floor(zeros / 4)))
    engine.say({
      type: 'stage-finished',
      stage: index,
      seconds: 0.25,
      outcome,
      ...(modelFile !== undefined && { modelFile }),
    })
  }
  engine.say({ type: 'finished' })
  engine.exit()
}

export interface TestStudio extends Studio {
  readonly path: string
  readonly events: StudioEvent[]
  call<N extends CallName>(name: N, params: ParamsInput<N>): Promise<Result<N>>
  /** Resolves with the first event, already seen or not, that `is` accepts. */
  until(is: (event: StudioEvent) => boolean): Promise<StudioEvent>
}

export async function openStudio(
  options: Partial<StudioOptions> & { readers?: Readers; path?: string } = {},
): Promise<TestStudio> {
  const path = options.path ?? join(temporaryFolder(), 'test.espalier')
  const folder = join(path, '..')
  const studio = await createStudio({
    projectPath: path,
    host: 'terminal',
    acceptsPaths: true,
    directories: { cache: join(folder, 'cache'), data: join(folder, 'data') },
    spawnEngine: scriptedEngines(diligent).spawnEngine,
    describeEngine: async () => ({ version: 'test engine', tensorflow: '2.21.0' }),
    readers: fakeReaders(),
    ...options,
  })
  onTestFinished(() => studio.close())
  const events: StudioEvent[] = []
  const listeners = new Set<() => void>()
  studio.onEvent(event => {
    events.push(event)
    for (const listener of listeners) listener()
  })
  return {
    ...studio,
    path,
    events,
    async call(name, params) {
      const handler = studio.handlers[name] as (params: unknown, context: unknown) => unknown
      const parsed = calls[name].params.parse(params)
      const result = await handler(parsed, { signal: new AbortController().signal })
      // What the contract promises is what a window gets.
      return calls[name].result.parse(result) as never
    },
    until: is =>
      new Promise(resolve => {
        const look = () => {
          const event = events.find(is)
          if (!event) return
          listeners.delete(look)
          resolve(event)
        }
        listeners.add(look)
        look()
      }),
  }
}

/** A recipe whose files exist: the project's own folder stands for the data. */
export const recipeIn = (studio: TestStudio, changes: Partial<RecipeInput> = {}): RecipeInput => ({
  name: 'Half',
  model: { architecture: 'resnet8-a' },
  data: { path: join(studio.path, '..') },
  stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }],
  ...changes,
})

export const isState = (id: string, state: string) => (event: StudioEvent) =>
  event.type === 'run.changed' && event.run.id === id && event.run.state === state
