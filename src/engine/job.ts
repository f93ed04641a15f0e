/** Works one job: reads the inputs, runs the stages in order, and tells what happens. The process around it is `worker.ts`. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Model } from '../core/graph/model.ts'
import { layerSparsity } from '../core/pruning/sparsity.ts'
import { requireAugmentable } from '../formats/batches.ts'
import { type Dataset, openDataset } from '../formats/datasets.ts'
import { modelToBytes } from '../formats/model-file.ts'
import { writeFileAtomic } from '../formats/write-file.ts'
import { EspalierError } from '../shared/errors.ts'
import type { Recipe } from '../shared/recipe.ts'
import { type Stage, stages as stageTable } from '../shared/stages.ts'
import { createTeachers } from './distillation/teachers.ts'
import { calibrationIndices } from './distortion/calibration.ts'
import { federationSeed, holdersOf } from './federation/holders.ts'
import { createCompiler } from './job-compiler.ts'
import { createSelect, fitToDataset, freshModel, hasValidation, normalizationOf, readModel } from './job-inputs.ts'
import { createProgress } from './job-progress.ts'
import { createStateStore } from './job-state.ts'
import type { FromEngine, Job } from './protocol.ts'
import { type Engine, loadEngine } from './runtime/load.ts'
import { calibrates, samplesNeeded, trains } from './samples-needed.ts'
import type { StageContext } from './stage-runner.ts'
import { runStage } from './stages.ts'
import { createRecord } from './training/record.ts'
import { readStateHeader } from './training/state-file.ts'

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
    reader: job.recipe.data.reader ?? {},
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
  const { recipe } = job
  const { engine, dataset, signal, emit } = setting
  const select = createSelect(recipe, dataset)
  const options = {
    sampleType: dataset.sampleType,
    normalization: await normalizationOf(recipe, dataset, select, signal),
  }
  const compiler = createCompiler(engine, options, () =>
    emit({ type: 'prepare', step: 'Compiling', done: 0, total: 0 }),
  )
  const remaining = [...recipe.stages.entries()].slice(job.firstStage)
  // Before hours of work, not after them: everything that a later stage will ask for is there.
  for (const [index, stage] of remaining) {
    requireSamples(stage, recipe, dataset, select)
    if (stage.use !== 'federate') continue
    await holdersOf(stage, select('train'), federationSeed(job.seed, occurrenceOf(recipe, index)))
  }

  let { model } = setting
  let probes = 0
  const teachers = createTeachers(job, dataset, model)
  // A stage that goes on has told it before.
  if (readStateHeader(job.stateDirectory)?.stage !== job.firstStage)
    emit({ type: 'layers', stage: job.firstStage, step: 0, layers: layerSparsity(model.graph, model.weights) })
  try {
    for (const [index, stage] of remaining) {
      emit({ type: 'stage-started', stage: index })
      const start = performance.now()
      const progress = createProgress(index, 'samples', emit)
      const record = createRecord(index, emit)
      const context: StageContext = {
        model,
        dataset,
        earlierSeconds: 0,
        augmentation: recipe.data.augment,
        seed: job.seed,
        occurrence: occurrenceOf(recipe, index),
        signal,
        cacheDirectory: job.cacheDirectory,
        select,
        validation: () => (hasValidation(recipe, dataset) ? select('validation') : undefined),
        compiled: (wanted = context.model) => compiler.compiled(wanted),
        teacher: source => teachers.of(source, index),
        twin: job.twins?.[index],
        probe: async (tried, done) =>
          emit({ type: 'probe', stage: index, done, ...(await writeModel(job, `probe-${probes++}`, tried)) }),
        log: text => emit({ type: 'log', text }),
        trainable: programs => compiler.trainable(context.model, programs),
        record,
        state: createStateStore(job, index, emit),
        async step(done, total, within) {
          progress(done, total, within)
          await breathe(signal)
        },
        breathe: () => breathe(signal),
      }
      const outcome = await runStage(stage, context)
      model = context.model
      teachers.left(index, model)
      await breathe(signal)
      record.flush()
      const written = stageTable[stage.use].changesModel ? await writeModel(job, `stage-${index}`, model) : undefined
      if (written) record.layers(Math.max(1, record.lastStep()), layerSparsity(model.graph, model.weights))
      const seconds = context.earlierSeconds + (performance.now() - start) / 1000
      emit({ type: 'stage-finished', stage: index, seconds, outcome, ...written })
    }
  } finally {
    compiler.dispose()
  }
}

/** How many stages of the same use came before. */
const occurrenceOf = ({ stages }: Recipe, index: number): number =>
  stages.slice(0, index).filter(({ use }) => use === stages[index]!.use).length

/** Throws `dataset.no-split` and `argument.invalid` where the data set has not what the stage works with. */
function requireSamples(stage: Stage, { data }: Recipe, dataset: Dataset, select: StageContext['select']): void {
  const hasTest = (dataset.splits.test?.count ?? 0) > 0
  for (const name of samplesNeeded(stage, hasTest)) {
    const { split } = select(name)
    if (name === 'train' && trains(stage)) requireAugmentable(split, dataset, data.augment)
  }
  if (calibrates(stage)) calibrationIndices(dataset, stage.calibration)
}

/** Gives waiting messages their turn; one of them may be the request to stop. */
async function breathe(signal: AbortSignal): Promise<void> {
  await setImmediate()
  if (signal.aborted) throw new EspalierError({ code: 'run.stopped', message: 'The run was stopped.' })
}

async function writeModel({ workDirectory }: Job, name: string, model: Model) {
  const modelFile = join(workDirectory, `${name}.safetensors`)
  const bytes = modelToBytes(model)
  await writeFileAtomic(modelFile, bytes)
  return { modelFile, modelHash: createHash('sha256').update(bytes).digest('hex') }
}
