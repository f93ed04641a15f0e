/**
 * Writes what a run says into the project and announces it. Changes of state are written at once, points of curves are
 * gathered for a quarter of a second, progress is written once a second (for other processes; windows of this one get it
 * from the announcer).
 */
import { readFileSync, rmSync } from 'node:fs'
import type { FromEngine } from '../engine/protocol.ts'
import type { MetricPoint, RunProgress, RunState } from '../shared/domain.ts'
import type { ErrorData } from '../shared/errors.ts'
import { type StageUse, stages as stageTable } from '../shared/stages.ts'
import type { Announcer } from './announcer.ts'
import type { Project } from './project/project.ts'
import type { RunInputs } from './project/run-inputs.ts'

export interface RecorderOptions {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  readonly runId: string
  readonly uses: readonly StageUse[]
  /** A write that failed: the run cannot go on. */
  readonly onFault: (thrown: unknown) => void
}

export interface Recorder {
  start(): void
  inputs(identity: string, inputs: RunInputs): void
  log(text: string): void
  progress(progress: Omit<RunProgress, 'runId'>): void
  /** Any change that `work` writes to the run, announced. */
  change(work: () => void): void
  message(message: Extract<FromEngine, { type: RecordedType }>, keys: readonly string[]): void
  /** Writes what was gathered and ends the run. */
  end(state: Exclude<RunState, 'queued' | 'running'>, error: ErrorData | null): void
  lastProgress(): RunProgress | null
  close(): void
}

export type RecordedType =
  | 'engine'
  | 'log'
  | 'prepare'
  | 'stage-started'
  | 'progress'
  | 'metrics'
  | 'layers'
  | 'norms'
  | 'federation'
  | 'stage-finished'

const metricsMs = 250
const progressMs = 1000

export function createRecorder(options: RecorderOptions): Recorder {
  const { project, announcer, ownerId, runId, uses, onFault } = options
  let points: MetricPoint[] = []
  let pointsTimer: NodeJS.Timeout | undefined
  let progress: RunProgress | null = null
  let progressSavedAt = 0

  const write = (work: () => void) =>
    project.write(() => {
      work()
      project.events.add(ownerId, 'run', runId)
    })
  const announceRun = () => {
    const run = project.runs.summary(runId)
    if (run) announcer.announce({ type: 'run.changed', run })
  }
  const announceStage = (index: number) => {
    const stage = project.stages.ofRun(runId)[index]
    if (stage) announcer.announce({ type: 'run.stage', runId, stage })
  }

  function flushPoints(): void {
    clearTimeout(pointsTimer)
    pointsTimer = undefined
    if (points.length === 0) return
    const batch = points
    points = []
    write(() => project.metrics.append(runId, batch))
    announcer.announce({ type: 'run.metrics', runId, points: batch })
  }

  const recorder: Recorder = {
    start() {
      write(() => project.runs.start(runId, Date.now()))
      announceRun()
    },
    inputs(identity, inputs) {
      recorder.change(() => project.runs.setInputs(runId, identity, inputs))
    },
    log(text) {
      const line = { at: Date.now(), text }
      write(() => project.log.append(runId, [line]))
      announcer.announce({ type: 'run.log', runId, ...line })
    },
    progress(part) {
      progress = { runId, ...part }
      announcer.announce({ type: 'run.progress', progress })
      const now = Date.now()
      if (now - progressSavedAt < progressMs) return
      progressSavedAt = now
      write(() => project.runs.setProgress(runId, progress!))
    },
    change(work) {
      write(work)
      announceRun()
    },
    message(message, keys) {
      switch (message.type) {
        case 'engine':
          recorder.change(() => project.runs.setDevice(runId, `${message.device}, TensorFlow ${message.tensorflow}`))
          break
        case 'log':
          recorder.log(message.text)
          break
        case 'prepare':
          recorder.progress({ stage: null, step: message.step, done: message.done, total: message.total, unit: '' })
          break
        case 'stage-started':
          write(() => project.stages.start(runId, message.stage, Date.now()))
          announceStage(message.stage)
          announceRun()
          break
        case 'progress': {
          const { type: _, part, ...numbers } = message
          const use = uses[message.stage]
          const label = use ? stageTable[use].label : ''
          recorder.progress({ ...numbers, step: part ? `${label}: ${part}` : label })
          break
        }
        case 'metrics':
          // A curve has no place for a loss that is not a number; the engine stops the run for it and says so.
          for (const point of message.points) {
            if (Number.isFinite(point.value)) points.push({ stage: message.stage, ...point })
          }
          pointsTimer ??= setTimeout(() => attempt(flushPoints), metricsMs)
          break
        case 'layers': {
          const snapshot = { stage: message.stage, step: message.step, layers: [...message.layers] }
          write(() => project.layers.append(runId, [snapshot]))
          announcer.announce({ type: 'run.layers', runId, snapshot })
          break
        }
        case 'norms': {
          const snapshot = { stage: message.stage, step: message.step, layers: [...message.layers] }
          write(() => project.norms.append(runId, [snapshot]))
          announcer.announce({ type: 'run.norms', runId, snapshot })
          break
        }
        case 'federation': {
          const { type: _, ...reported } = message
          write(() => project.federations.append(runId, [reported]))
          announcer.announce({ type: 'run.federation', runId, ...reported })
          break
        }
        case 'stage-finished': {
          flushPoints()
          const { stage, seconds, outcome, modelFile, modelHash } = message
          const model = modelFile === undefined ? undefined : readFileSync(modelFile)
          write(() => {
            const weights = model ? project.weights.put(model, modelHash) : null
            const now = Date.now()
            // The result says the same, and stays.
            project.federations.cut(runId, stage, -1)
            project.stages.finish(runId, stage, {
              seconds,
              outcome,
              key: keys[stage]!,
              weights,
              cached: false,
              startedAt: now,
            })
          })
          if (modelFile !== undefined) rmSync(modelFile, { force: true })
          announceStage(stage)
          announceRun()
          break
        }
      }
    },
    end(state, error) {
      clearTimeout(pointsTimer)
      pointsTimer = undefined
      progress = null
      const batch = points
      points = []
      write(() => {
        project.metrics.append(runId, batch)
        // A run that ended early takes its running stage along; a finished one has none.
        if (state !== 'finished') project.stages.end(runId, state)
        project.runs.end(runId, state, Date.now(), error)
      })
      if (batch.length > 0) announcer.announce({ type: 'run.metrics', runId, points: batch })
      announceRun()
    },
    lastProgress: () => progress,
    close: () => clearTimeout(pointsTimer),
  }

  function attempt(work: () => void): void {
    try {
      work()
    } catch (thrown) {
      onFault(thrown)
    }
  }
  return recorder
}
