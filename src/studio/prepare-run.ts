/** What happens before an engine process is needed: inputs are read, keys made, finished work taken over. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Job } from '../engine/protocol.ts'
import { diskFault } from '../formats/disk-faults.ts'
import type { Recipe } from '../shared/recipe.ts'
import { workFolder } from './directories.ts'
import { stageKeys, twinKeys } from './identity.ts'
import { type Inputs, readInputs, requireTeacher } from './inputs.ts'
import { addDataset, addModel } from './library.ts'
import { withFileFingerprints } from './partition-inputs.ts'
import type { Project } from './project/project.ts'
import type { StoredRun } from './project/runs.ts'
import type { Recorder } from './recorder.ts'
import { requireSameInputs } from './resume.ts'
import { findReusable, modelAfter, takeOver } from './reuse.ts'
import { findTeachers, stageTeachers, writeTeachers } from './teachers.ts'
import type { WorkOptions } from './work-options.ts'

export interface PreparedRun {
  /** One a stage. */
  readonly keys: readonly string[]
  /** Of another recipe with the same inputs and seed, whose first `shared` stages are those of this run. */
  readonly keysOf: (recipe: Recipe, shared: number) => readonly string[]
  /** The first stage that is left to do. */
  readonly firstStage: number
  /** The model to start from, where the stages before changed it. */
  readonly modelFile?: string
  readonly teachers: NonNullable<Job['teachers']>
  readonly twins: NonNullable<Job['twins']>
}

/** 'finished' if nothing is left to do. Throws what `readInputs` throws, and `disk.*`. */
export async function prepareRun(
  run: StoredRun,
  options: WorkOptions,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<PreparedRun | 'finished'> {
  const { project, directories } = options
  const { id, seed } = run.summary
  const { recipe } = run
  const inputs = await readInputs(recipe, options.readers, {
    signal,
    onProgress: ({ step, done, total }) => recorder.progress({ stage: null, step, done, total, unit: '' }),
  })
  const engineVersion = (await options.describeEngine())?.version ?? 'none'
  const { dataset, model, architecture, layers } = inputs
  const teachers = findTeachers(project, recipe)
  for (const [index, { facts: teacher }] of teachers)
    if (teacher) requireTeacher(recipe, index, { student: architecture, teacher, dataset })
  const keyInputs = {
    recipe: await withFileFingerprints(recipe),
    seed,
    dataFingerprint: dataset.fingerprint,
    weightsFingerprint: model?.fingerprint ?? null,
    architecture,
    engineVersion,
    teachers: new Map([
      ...[...inputs.teachers].map(([index, { fingerprint }]) => [index, fingerprint] as const),
      ...[...teachers].map(([index, { sha256 }]) => [index, sha256] as const),
    ]),
  }
  const keys = stageKeys(keyInputs)
  requireSameInputs(run.summary, keys)
  addToLibrary(options, inputs)
  recorder.inputs(keys.at(-1)!, {
    data: { name: dataset.name, fingerprint: dataset.fingerprint },
    model: { name: model?.name ?? architecture, architecture, fingerprint: model?.fingerprint ?? null },
    engine: engineVersion,
    layers,
  })
  const own = project.stages.finishedOf(id)
  const taken = run.again ? [] : findReusable(project, keys, own.length)
  if (taken.length > 0) {
    recorder.change(() => takeOver(project, id, taken, keys, own.length, Date.now()))
    recorder.log(reuseText(project, own.length + taken.length, recipe.stages.length, taken.at(-1)!.runId))
  }
  const reused = [...own, ...taken]
  const firstStage = reused.length
  if (firstStage === recipe.stages.length) return 'finished'
  const sha256 = modelAfter(reused)
  const folder = workFolder(directories, id)
  const modelFile = makeWorkFolder(folder, sha256 === null ? null : project.weights.get(sha256)!)
  const twins = [...twinKeys(keyInputs)].map(([index, key]) => {
    const known = run.again ? undefined : project.stages.findTwin(key)
    return [index, { key, ...(known && { known }) }] as const
  })
  return {
    keys,
    keysOf(other, shared) {
      const stages = [...keyInputs.recipe.stages.slice(0, shared), ...other.stages.slice(shared)]
      return stageKeys({ ...keyInputs, recipe: { ...other, stages } })
    },
    firstStage,
    ...(modelFile !== undefined && { modelFile }),
    teachers: writeTeachers(project, folder, new Map([...stageTeachers(recipe, reused), ...teachers])),
    twins: Object.fromEntries(twins),
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

function reuseText(project: Project, count: number, of: number, fromRun: string): string {
  const from = project.runs.summary(fromRun)
  const what = count === of ? 'All stages were' : count === 1 ? 'The first stage was' : `The first ${count} stages were`
  return `${what} done before with the same inputs, settings, seed and engine; taken over from run ${from?.number}.`
}

/** An empty folder for the run's process, with the model that it starts from. */
function makeWorkFolder(folder: string, model: Buffer | null): string | undefined {
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    if (model === null) return
    const file = join(folder, 'start.safetensors')
    writeFileSync(file, model)
    return file
  } catch (cause) {
    throw diskFault(folder, cause)
  }
}

/** What is left in the cache is in nobody's way. */
export function removeWorkFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {}
}
