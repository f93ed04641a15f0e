/** What a job starts from: its model and its data, read and held against each other before any stage runs. */
import { architectureOf } from '../core/architectures.ts'
import { type Dims, formatDims, sameDims } from '../core/graph/dims.ts'
import type { Graph, Model } from '../core/graph/model.ts'
import { initialise } from '../core/initialise.ts'
import { type Normalization, normalization } from '../core/normalization.ts'
import { splitTrain } from '../core/split.ts'
import { channelStatistics } from '../formats/channel-statistics.ts'
import { openCheckpoint } from '../formats/checkpoints.ts'
import { type Dataset, requireSplit } from '../formats/datasets.ts'
import { importModel } from '../formats/import-model.ts'
import { EspalierError } from '../shared/errors.ts'
import { batchNormInitOf, type Recipe } from '../shared/recipe.ts'
import type { ScoredSplit } from '../shared/scoring.ts'
import type { Job } from './protocol.ts'
import type { Selection } from './stage-runner.ts'

/** The model of the job's file or of its checkpoint; `undefined` where the recipe asks for fresh weights. */
export async function readModel({ recipe, modelFile }: Pick<Job, 'recipe' | 'modelFile'>): Promise<Model | undefined> {
  if (modelFile !== undefined) return importModel(await openCheckpoint(modelFile)).model
  const { checkpoint, architecture } = recipe.model
  if (checkpoint === undefined) return undefined
  return importModel(await openCheckpoint(checkpoint), architecture === undefined ? {} : { architecture }).model
}

/** Fresh weights for this data. */
export function freshModel(recipe: Recipe, dataset: Dataset, seed: number): Model {
  const architecture = recipe.model.architecture!
  const graph = graphFor(architecture, dataset)
  return { architecture, graph, weights: initialise(graph, seed, batchNormInitOf(recipe)), masks: new Map() }
}

/**
 * The model with its graph laid out for samples of this data set: a checkpoint does not say how large its images were.
 * Throws `dataset.classes` and `dataset.shape` where they do not fit.
 */
export function fitToDataset(model: Model, dataset: Dataset, path: string): Model {
  const { graph, architecture } = model
  const classes = graph.output.dims[0]!
  if (classes !== dataset.classes.length)
    throw new EspalierError({
      code: 'dataset.classes',
      message: `The model tells ${classes} classes apart, and ${path} has ${dataset.classes.length}.`,
      file: path,
      rule: 'The model and the data set must have the same number of classes.',
      hint: 'Choose the data set that the model was trained on.',
    })
  const wanted = graph.input.dims
  const found = modelDims(dataset.shape)
  if (sameDims(found, wanted)) return model
  if (found.length !== 3 || wanted.length !== 3 || found[0] !== wanted[0]) throw misfit(path, wanted, found)
  const fitted = graphFor(architecture, dataset)
  const isSame = Object.entries(graph.parameters).every(([name, { dims }]) =>
    sameDims(fitted.parameters[name]?.dims ?? [], dims),
  )
  if (!isSame) throw misfit(path, wanted, found)
  return { ...model, graph: fitted }
}

function graphFor(architecture: string, { shape, classes }: Dataset): Graph {
  return architectureOf(architecture, { classes: classes.length, inputDims: modelDims(shape) })
}

/** The shape of a sample as a model has it: images channels first, series as they are. */
const modelDims = (shape: Dims): Dims => (shape.length === 3 ? [shape[2]!, shape[0]!, shape[1]!] : shape)

const misfit = (path: string, wanted: Dims, found: Dims) =>
  new EspalierError({
    code: 'dataset.shape',
    message: `The model takes samples of ${formatDims(wanted)}, those of ${path} are ${formatDims(found)}.`,
    file: path,
    rule: "Samples must have the shape of the model's input: channels x height x width, or steps x features.",
  })

/** Whether the recipe holds any of the training samples out. */
export function hasValidation({ data }: Recipe, { splits }: Dataset): boolean {
  const { train } = splits
  return train !== undefined && splitTrain(train.count, data.validation, undefined, train.labels).validation.length > 0
}

/** The samples that a recipe means by `train`, `validation` and `test`. Throws `dataset.no-split`. */
export function createSelect({ data }: Recipe, dataset: Dataset): (name: ScoredSplit) => Selection {
  const all = (count: number) => Int32Array.from({ length: count }, (_, index) => index)
  return name => {
    const split = requireSplit(dataset, name === 'test' ? 'test' : 'train', data.path)
    const indices =
      name === 'test' ? all(split.count) : splitTrain(split.count, data.validation, undefined, split.labels)[name]
    if (indices.length === 0)
      throw new EspalierError({
        code: 'dataset.no-split',
        message: `There is no ${name} sample: data.validation is ${data.validation} of ${split.count} training samples.`,
        file: data.path,
        rule: 'The validation split is the share data.validation of the training samples.',
        hint: 'Set data.validation above 0, or score another split.',
      })
    return { split, indices }
  }
}

/** What inputs are normalised with; `training` is measured on the samples that are trained on. Throws `dataset.no-split`. */
export async function normalizationOf(
  { data }: Recipe,
  dataset: Dataset,
  select: (name: ScoredSplit) => Selection,
  signal: AbortSignal,
): Promise<Normalization> {
  const channels = dataset.shape.at(-1)!
  if (data.normalize !== 'training') return normalization(data.normalize, channels)
  const { split, indices } = select('train')
  return normalization(data.normalize, channels, await channelStatistics(split, indices, dataset, signal))
}
