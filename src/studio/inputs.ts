/**
 * What a run starts from: the data set and the model of a recipe, read and held against each other. Reading is
 * remembered for as long as the files look untouched, so that a sweep reads its data once.
 */
import { architectureOf } from '../core/architectures.ts'
import { pairTaps } from '../core/distillation/taps.ts'
import { graphCost } from '../core/graph/cost.ts'
import { elementCount } from '../core/graph/dims.ts'
import type { Graph } from '../core/graph/model.ts'
import { normalization } from '../core/normalization.ts'
import { minimumWeights, requireFeasible } from '../core/pruning/minimum-keep.ts'
import { requireSparser } from '../core/pruning/plan.ts'
import { floorShare } from '../core/pruning/share.ts'
import { validationCount } from '../core/split.ts'
import { batchNormParameters, type TrainedModel } from '../core/training/trainable.ts'
import { trainables } from '../core/training/trainables.ts'
import { samplesNeeded } from '../engine/samples-needed.ts'
import { EspalierError, prefixed } from '../shared/errors.ts'
import { plural } from '../shared/plural.ts'
import type { ReaderOptions } from '../shared/reader-options.ts'
import type { Recipe } from '../shared/recipe.ts'
import { type Stage, stages as stageTable } from '../shared/stages.ts'
import { requirePartitions } from './partition-inputs.ts'
import type { StoredDataset, StoredModel } from './project/library.ts'
import type { RunInputs } from './project/run-inputs.ts'
import { fileSignature } from './signature.ts'

export type DatasetFacts = Omit<StoredDataset, 'id' | 'addedAt'>
export type ModelFacts = Omit<StoredModel, 'id' | 'addedAt'>

export interface ReadOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { step: string; done: number; total: number }) => void
}

export interface DatasetOptions extends ReadOptions {
  /** `data.reader` of a recipe. */
  readonly reader?: ReaderOptions | undefined
}

/** Reads files into reports. */
export interface Readers {
  /** Whether what lies there is read as a data set rather than as a checkpoint. Never reads samples. */
  isDataset(path: string, options: ReadOptions): Promise<boolean>
  dataset(path: string, options: DatasetOptions): Promise<DatasetFacts>
  /** With an architecture only that one is tried. */
  model(path: string, architecture: string | undefined, options: ReadOptions): Promise<ModelFacts>
}

/** The same readers; a file or folder that looks untouched since it was read is not read again. */
export function rememberReading(readers: Readers): Readers {
  const known = new Map<string, { signature: string; facts: DatasetFacts | ModelFacts }>()
  async function remembered<Facts extends DatasetFacts | ModelFacts>(
    key: string,
    path: string,
    read: () => Promise<Facts>,
  ): Promise<Facts> {
    const signature = await fileSignature(path)
    const before = known.get(key)
    if (before?.signature === signature) return before.facts as Facts
    const facts = await read()
    // A file that changed while it was read has no signature to be known by.
    if ((await fileSignature(path)) === signature) known.set(key, { signature, facts })
    return facts
  }
  return {
    isDataset: readers.isDataset,
    dataset: (path, options) =>
      remembered(`dataset ${JSON.stringify(options.reader ?? {})} ${path}`, path, () => readers.dataset(path, options)),
    model: (path, architecture, options) =>
      remembered(`model ${architecture ?? ''} ${path}`, path, () => readers.model(path, architecture, options)),
  }
}

export interface Inputs {
  readonly dataset: DatasetFacts
  /** null for fresh weights. */
  readonly model: ModelFacts | null
  readonly architecture: string
  readonly layers: RunInputs['layers']
  /** Teachers that are checkpoints, by the number of the stage. */
  readonly teachers: ReadonlyMap<number, ModelFacts>
}

/**
 * Reads the data set and the checkpoint of `recipe`, whose paths are absolute, and checks that they fit each other and
 * the stages. Throws what the readers throw, `architecture.unknown`, `model.invalid`, `dataset.classes`,
 * `dataset.shape`, `dataset.no-split`, `argument.invalid` (the normalisation), `prune.infeasible`.
 */
export async function readInputs(recipe: Recipe, readers: Readers, options: ReadOptions = {}): Promise<Inputs> {
  const { checkpoint, architecture } = recipe.model
  // The quick and the likely first: a slip in an id is said before a large data set is read.
  if (architecture !== undefined) architectureOf(architecture)
  const model = checkpoint === undefined ? null : await readers.model(checkpoint, architecture, options)
  const teachers = new Map<number, ModelFacts>()
  for (const [index, stage] of recipe.stages.entries()) {
    if (stage.use !== 'distill' || stage.teacher.checkpoint === undefined) continue
    teachers.set(index, await readers.model(stage.teacher.checkpoint, stage.teacher.architecture, options))
  }
  const dataset = await readers.dataset(recipe.data.path, { ...options, reader: recipe.data.reader })
  if (model) requireFit(model, dataset)
  requireNormalization(recipe.data, dataset)
  requireSplits(recipe, dataset)
  await requirePartitions(recipe, dataset)
  const id = model?.architecture ?? architecture!
  const graph = graphFor(id, dataset)
  const network = { architecture: id, graph, masks: new Map() }
  requireNormsToSet(network, recipe)
  for (const [index, stage] of recipe.stages.entries()) requireTrainable(network, stage, index)
  const { parameters, layers: costs } = graphCost(graph)
  requireKept(id, parameters, recipe)
  for (const [index, teacher] of teachers) requireTeacher(recipe, index, { student: id, teacher, dataset })
  requireReachable(
    recipe,
    costs.flatMap(({ kernel }) => (kernel ? elementCount(kernel.dims) : [])),
    model,
  )
  const layers = costs.map(({ name, macs, kernel }) => ({
    name,
    macs,
    weights: kernel ? elementCount(kernel.dims) : null,
  }))
  return { dataset, model, architecture: id, layers, teachers }
}

const graphFor = (architecture: string, dataset: DatasetFacts): Graph =>
  architectureOf(architecture, { classes: dataset.classes.length, inputDims: inputDimsOf(dataset) })

/** What must be known of a network to tell whether samples fit it. */
export type FittedModel = Pick<ModelFacts, 'path' | 'architecture' | 'classes' | 'inputDims'>

interface Taught {
  /** Architecture. */
  readonly student: string
  readonly teacher: FittedModel
  readonly dataset: DatasetFacts
}

/**
 * Throws what `requireFit` throws of the teacher of stage number `index`, and `argument.invalid` where its features and the
 * student's cannot be compared.
 */
export function requireTeacher({ stages }: Recipe, index: number, { student, teacher, dataset }: Taught): void {
  const stage = stages[index]!
  if (stage.use !== 'distill') return
  requireFit(teacher, dataset)
  if (stage.loss !== 'feature') return
  prefixed(`stages[${index}].loss is feature: `, () =>
    pairTaps(graphFor(student, dataset), graphFor(teacher.architecture, dataset), stage.taps),
  )
}

/** Throws `model.invalid` if the recipe says what batch norm begins as and the network has none. */
export function requireNormsToSet(network: TrainedModel, { model: { batchNorm } }: Recipe): void {
  if (batchNorm !== undefined) prefixed(`model.batchNorm is ${batchNorm}, and `, () => batchNormParameters(network))
}

/** Throws `model.invalid` if the network does not have what the stage trains or disables. */
export function requireTrainable(network: TrainedModel, stage: Stage, index: number): void {
  if (stage.use === 'train')
    prefixed(`stages[${index}].trainable is ${stage.trainable}, and `, () => trainables[stage.trainable](network, 0))
  if (stage.use === 'disable-features')
    prefixed(`stages[${index}].use is disable-features, and `, () => batchNormParameters(network))
}

/**
 * Throws `prune.infeasible` for a sparsity that no run can reach: below that of the checkpoint or of a stage before, or above
 * what minima leave. What only a run can find out, such as how zeros lie in the layers after training, fails the run.
 */
function requireReachable({ stages }: Recipe, sizes: readonly number[], model: ModelFacts | null): void {
  const total = sizes.reduce((sum, weights) => sum + weights, 0)
  let zeros = (model?.layers ?? []).reduce((sum, { prunable }) => sum + (prunable?.zeros ?? 0), 0)
  for (const [index, stage] of stages.entries()) {
    if (stage.use !== 'prune' || stage.budget === 'macs' || stage.sparsity === undefined) continue
    const { sparsity, minimumKeep } = stage
    prefixed(`stages[${index}].sparsity is ${sparsity}: `, () => {
      requireFeasible(sizes, sparsity, minimumWeights(minimumKeep, total))
      requireSparser(zeros, total, sparsity)
    })
    // Some allocations round down in each layer.
    zeros = Math.max(zeros, floorShare(stage.sparsity, total) - sizes.length)
  }
}

/** Of a blob in SQLite, bytes. */
const largestKept = 1e9
const bytesPerWeight = 4

/** Weights that a stage makes or changes are kept in the project. Throws `model.invalid` if they would be too many. */
function requireKept(architecture: string, parameters: number, { model, stages }: Recipe): void {
  const isKept = model.checkpoint === undefined || stages.some(({ use }) => stageTable[use].changesModel)
  const most = largestKept / bytesPerWeight
  if (!isKept || parameters <= most) return
  throw new EspalierError({
    code: 'model.invalid',
    message: `${architecture} has ${parameters} parameters, and a project keeps networks of at most ${most}.`,
    hint: 'Choose a smaller depth or width.',
  })
}

/** Throws `dataset.classes` or `dataset.shape` if the network does not take these samples. */
export function requireFit(model: FittedModel, dataset: DatasetFacts): void {
  if (model.classes !== dataset.classes.length) {
    throw new EspalierError({
      code: 'dataset.classes',
      message: `${model.path} tells ${model.classes} classes apart, and ${dataset.path} has ${dataset.classes.length}.`,
      file: dataset.path,
      rule: 'The network and the data set must have the same number of classes.',
      hint: 'Choose the data set that the network was trained on.',
    })
  }
  const inputDims = inputDimsOf(dataset)
  // Height and width of pictures may differ: a checkpoint does not say how large its pictures were.
  if (model.inputDims.length !== inputDims.length || channelsOf(model.inputDims) !== channelsOf(inputDims)) {
    throw new EspalierError({
      code: 'dataset.shape',
      message: `${model.path} takes samples of ${describeInput(model.inputDims)}, and those of ${dataset.path} have ${describeInput(inputDims)}.`,
      file: dataset.path,
      rule: 'The network and the samples must have the same number of channels.',
    })
  }
}

/** Throws `argument.invalid` where the samples do not have the channels that the recipe normalises. */
export function requireNormalization({ normalize }: Recipe['data'], { shape }: DatasetFacts): void {
  // What is measured on the samples fits them.
  if (normalize !== 'training') normalization(normalize, shape.at(-1)!)
}

/** Samples are stored [height, width, channels] or [steps, features]; networks take [channels, height, width] or the latter. */
export function inputDimsOf({ shape }: Pick<DatasetFacts, 'shape'>): readonly number[] {
  const [height, width, channels] = shape
  return shape.length === 3 ? [channels!, height!, width!] : shape
}

const isSequence = (dims: readonly number[]) => dims.length === 2
const channelsOf = (dims: readonly number[]) => (isSequence(dims) ? dims[1]! : dims[0]!)
const describeInput = (dims: readonly number[]) => plural(channelsOf(dims), isSequence(dims) ? 'feature' : 'channel')

/** Throws `dataset.no-split` if a stage needs samples that are not there. */
function requireSplits(recipe: Recipe, dataset: DatasetFacts): void {
  const countOf = (name: string) => dataset.splits.find(split => split.name === name)?.count ?? 0
  for (const [index, stage] of recipe.stages.entries())
    for (const split of samplesNeeded(stage, countOf('test') > 0)) {
      const verb = split === 'train' && !('split' in stage) ? 'works on' : 'scores'
      const needs = split === 'test' ? 'test' : 'train'
      if (countOf(needs) === 0)
        throw new EspalierError({
          code: 'dataset.no-split',
          message: `stages[${index}] ${verb} the ${split} split, and ${dataset.path} has no ${needs === 'test' ? 'test' : 'training'} samples.`,
          file: dataset.path,
          hint: `It has ${dataset.splits.flatMap(({ name, count }) => (count > 0 ? name : [])).join(' and ')} samples.`,
        })
      if (split === 'validation' && validationCount(countOf('train'), recipe.data.validation) === 0)
        throw new EspalierError({
          code: 'dataset.no-split',
          message: `stages[${index}] scores the validation split, and data.validation is ${recipe.data.validation} of ${countOf('train')} training samples.`,
          rule: 'The validation split is the share data.validation of the training samples.',
          hint: 'Set data.validation above 0, or score another split.',
        })
    }
}
