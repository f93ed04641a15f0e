/** Works one job: reads the inputs, runs the stages in order, and tells what happens. The process around it is `worker.ts`. */

import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Model } from '../core/graph/model.ts'
import { normalization } from '../core/normalization.ts'
import { layerSparsity } from '../core/pruning/sparsity.ts'
import { type Dataset, openDataset } from '../formats/datasets.ts'
import { modelToBytes } from '../formats/model-file.ts'
import { writeFileAtomic } from '../formats/write-file.ts'
import { EspalierError } from '../shared/errors.ts'
import { stages as stageTable } from '../shared/stages.ts'
import { CompiledModel } from './compile/compiled-model.ts'
import { createSelect, fitToDataset, freshModel, readModel } from './job-inputs.ts'
import { createProgress } from './job-progress.ts'
import type { FromEngine, Job } from './protocol.ts'
import { type Engine, loadEngine } from './runtime/load.ts'
import type { StageContext } from './stage-runner.ts'
import { runStage } from './stages.ts'

type Emit = (message: FromEngine) => void

/** Resolves when the last stage is done. Throws what went wrong, and `run.stopped` on `signal`. */
export async function runJob(job: Job, emit: Emit, signal: AbortSignal): Promise<void> {
  const prepare = (step: string) => emit({ type: 'prepare', step, done: 0, total: 0 })
  prepare('Reading the model')
  const stored = await readModel(job)
  prepare('Starting TensorFlow')
  const engine = await loadEngine()
  emit({ type: 'engine', tensorflow: engine.tensorflowVersion, device: engine.deviceName })
  const dataset = await openDataset(job.recipe.data.path, {
    signal,
    cacheDirectory: job.cacheDirectory,
    onProgress: progress => emit({ type: 'prepare', ...progress }),
  })
  try {
    const model = stored
      ? fitToDataset(stored, dataset, job.recipe.data.path)
      : freshModel(job.recipe, dataset, job.seed)
    await runStages(job, { engine, dataset, model, signal, emit })
  } finally {
    await dataset.close()
  }
}

interface Setting {
  readonly engine: Engine
  readonly dataset: Dataset
  readonly model: Model
  readonly signal: AbortSignal
  readonly emit: Emit
}

async function runStages(job: Job, setting: Setting): Promise<void> {
  const { dataset, signal, emit } = setting
  const select = createSelect(job.recipe, dataset)
  const compiler = createCompiler(job, setting)
  const remaining = [...job.recipe.stages.entries()].slice(job.firstStage)
  // Before hours of work, not after them: everything that a later stage will ask for is there.
  for (const [, stage] of remaining) if (stage.use === 'evaluate') select(stage.split)

  let { model } = setting
  emitLayers(job.firstStage, 0)
  try {
    for (const [index, stage] of remaining) {
      emit({ type: 'stage-started', stage: index })
      const start = performance.now()
      const progress = createProgress(index, 'samples', emit)
      const context: StageContext = {
        model,
        dataset,
        seed: job.seed,
        signal,
        select,
        compiled: () => compiler.compiled(context.model),
        async step(done, total) {
          progress(done, total)
          await breathe(signal)
        },
      }
      const outcome = await runStage(stage, context)
      model = context.model
      await breathe(signal)
      const modelFile = stageTable[stage.use].changesModel ? await writeModel(job, index, model) : undefined
      if (modelFile) emitLayers(index, 1)
      const seconds = (performance.now() - start) / 1000
      emit({ type: 'stage-finished', stage: index, seconds, outcome, ...(modelFile && { modelFile }) })
    }
  } finally {
    compiler.dispose()
  }

  function emitLayers(stage: number, step: number): void {
    emit({ type: 'layers', stage, step, layers: layerSparsity(model.graph, model.weights) })
  }
}

/** One compiled graph for all stages; it gets the weights of a model that it does not hold yet. */
function createCompiler({ recipe }: Job, { engine, dataset, emit }: Setting) {
  let compiled: CompiledModel | undefined
  let held: Model | undefined
  return {
    compiled(model: Model): CompiledModel {
      if (!compiled || compiled.graph !== model.graph) {
        emit({ type: 'prepare', step: 'Compiling', done: 0, total: 0 })
        compiled?.dispose()
        compiled = new CompiledModel(engine, model.graph, {
          sampleType: dataset.sampleType,
          normalization: normalization(recipe.data.normalize, dataset.shape.at(-1)!),
        })
        held = undefined
      }
      if (held !== model) compiled.assign(model)
      held = model
      return compiled
    },
    dispose: () => compiled?.dispose(),
  }
}

/** Gives waiting messages their turn; one of them may be the request to stop. */
async function breathe(signal: AbortSignal): Promise<void> {
  await setImmediate()
  if (signal.aborted) throw new EspalierError({ code: 'run.stopped', message: 'The run was stopped.' })
}

async function writeModel({ workDirectory }: Job, stage: number, model: Model): Promise<string> {
  const file = join(workDirectory, `stage-${stage}.safetensors`)
  await writeFileAtomic(file, modelToBytes(model))
  return file
}
