/** A checkpoint becomes a model: its architecture is found, its tensors are put in their places, and a report says how. */
import { assumptionsOf } from '../core/architectures.ts'
import { prunableParameters } from '../core/graph/cost.ts'
import { formatDims } from '../core/graph/dims.ts'
import type { Model } from '../core/graph/model.ts'
import { validateModel } from '../core/graph/validate-model.ts'
import { type Identified, identify } from '../core/identify.ts'
import { countZeros } from '../core/pruning/sparsity.ts'
import { EspalierError } from '../shared/errors.ts'
import { normalizations } from '../shared/methods.ts'
import { recipeSchema } from '../shared/recipe.ts'
import type { Checkpoint, StoredTensor } from './checkpoint.ts'
import type { ImportNote } from './dataset.ts'
import { inFile, isModelFile, modelFromContent } from './model-file.ts'
import { takeMasks } from './pytorch/prune-masks.ts'

export interface ImportReport {
  /** Id of the checkpoint reader. */
  readonly format: string
  readonly architecture: string
  readonly classes: number
  /** One sample without batch: [C, H, W] for images. */
  readonly inputDims: readonly number[]
  /** Prunable weights, how many of them are zero, and how many a mask holds at zero. */
  readonly weights: number
  readonly zeros: number
  readonly masked: number
  /** What was matched, skipped and guessed, in that order. */
  readonly notes: readonly ImportNote[]
}

/** A share of zeros from here on is told: trained dense weights have next to none. */
const MANY_ZEROS = 0.01

/**
 * The model of a checkpoint. `expected.architecture` tries that architecture alone. Throws `checkpoint.no-architecture`,
 * `checkpoint.mismatch`, `architecture.unknown`, and `model.invalid` for weights that are not finite, naming the tensor.
 */
export function importModel(
  checkpoint: Checkpoint,
  expected: { readonly architecture?: string } = {},
): { model: Model; report: ImportReport } {
  const { path } = checkpoint
  const { model, notes } = isModelFile(checkpoint)
    ? importOwn(checkpoint, expected.architecture)
    : inFile(path, () => importForeign(checkpoint, expected.architecture))
  return { model, report: reportOf(checkpoint, model, notes) }
}

/** A file of ours says what it is. */
function importOwn(checkpoint: Checkpoint, architecture: string | undefined): { model: Model; notes: ImportNote[] } {
  const model = modelFromContent(checkpoint, checkpoint.path)
  if (architecture !== undefined && architecture !== model.architecture) {
    throw new EspalierError({
      code: 'checkpoint.mismatch',
      message: `${checkpoint.path} is a ${model.architecture}, not a ${architecture}.`,
      file: checkpoint.path,
      hint: 'Leave the architecture out: the file says what it is.',
    })
  }
  return { model, notes: [matched(`The file says that it is a ${model.architecture}, written by Espalier.`)] }
}

function importForeign(
  checkpoint: Checkpoint,
  architecture: string | undefined,
): { model: Model; notes: ImportNote[] } {
  const { tensors, masks: stored } = takeMasks(checkpoint.tensors)
  const identified = identifyRead(checkpoint, tensors, architecture)
  const { graph, mapping } = identified
  const byParameter = new Map(tensors.map(tensor => [mapping.get(tensor.name), tensor]))
  const weights = new Map(Object.keys(graph.parameters).map(name => [name, byParameter.get(name)!.read()]))
  const prunable = new Set(prunableParameters(graph))
  const masks = new Map<string, Uint8Array>()
  for (const [name, mask] of stored) {
    const parameter = mapping.get(name)
    if (parameter !== undefined && prunable.has(parameter)) masks.set(parameter, maskOf(mask))
  }
  const model: Model = { architecture: identified.id, graph, weights, masks }
  validateModel(model)
  return { model, notes: foreignNotes(tensors, identified, architecture !== undefined, masks.size) }
}

/** A tensor that was not read is missing only because of its type, and is told as such. */
function identifyRead(
  { unread }: Checkpoint,
  tensors: readonly StoredTensor[],
  architecture: string | undefined,
): Identified {
  try {
    return identify(tensors, architecture)
  } catch (cause) {
    const isMisfit = cause instanceof EspalierError && cause.code.startsWith('checkpoint.')
    if (!isMisfit || unread.length === 0) throw cause
    const shown = unread.slice(0, 3).join(', ')
    const more = unread.length > 3 ? ` and ${unread.length - 3} more` : ''
    throw new EspalierError(
      {
        code: 'checkpoint.unsupported-type',
        message: `It has tensors of types that are not read: ${shown}${more}.`,
        rule: 'Weights are dense tensors of f64, f32, f16, bf16 or integers.',
        hint: 'Convert the weights to ordinary float32 tensors and save them again.',
      },
      { cause },
    )
  }
}

const maskOf = (tensor: StoredTensor): Uint8Array => Uint8Array.from(tensor.read(), value => (value === 0 ? 0 : 1))

function foreignNotes(
  tensors: readonly StoredTensor[],
  { id, classes, inputDims, mapping, ignored }: Identified,
  isAsked: boolean,
  masks: number,
): ImportNote[] {
  const notes = [matched(`All ${mapping.size} parameters of ${id} were found by name and shape.`)]
  const other = new Set(tensors.map(({ type }) => type).filter(type => type !== 'f32' && !type.startsWith('i')))
  if (other.size > 0) notes.push(matched(`Values stored as ${[...other].join(', ')} became f32.`))
  if (masks > 0) notes.push(matched(`${masks} masks of torch.nn.utils.prune were taken over.`))
  if (ignored.length > 0) notes.push(skipped(`${ignored.length} batch counters (num_batches_tracked).`))
  if (!isAsked) notes.push(guessed(`The architecture is ${id}, from the names and shapes of the tensors.`))
  notes.push(...assumptionsOf(id).map(guessed))
  notes.push(guessed(`${classes} classes, from the size of the last layer.`))
  notes.push(guessed(`Input ${formatDims(inputDims)}: what weights do not say of it is the usual of ${id}.`))
  return notes
}

/** What a recipe takes that does not say otherwise. */
const usualNormalization = recipeSchema.shape.data.shape.normalize.parse(undefined)
const normalizationText = `Inputs are normalised as ${normalizations[usualNormalization].label} unless a recipe says otherwise: no checkpoint says what it was trained with.`

function reportOf(checkpoint: Checkpoint, model: Model, notes: readonly ImportNote[]): ImportReport {
  const { graph, weights, masks } = model
  const kernels = prunableParameters(graph).map(name => weights.get(name)!)
  const total = kernels.reduce((sum, values) => sum + values.length, 0)
  const zeros = kernels.reduce((sum, values) => sum + countZeros(values), 0)
  const masked = [...masks.values()].reduce((sum, mask) => sum + mask.reduce((zero, kept) => zero + 1 - kept, 0), 0)
  const free = zeros - masked
  const all = [...checkpoint.notes, ...notes, guessed(normalizationText)]
  if (free >= total * MANY_ZEROS) {
    const share = ((100 * free) / total).toFixed(1)
    all.push(
      guessed(`${free} of ${total} prunable weights (${share} %) are zero without a mask: training may change them.`),
    )
  }
  const rank = { matched: 0, skipped: 1, guessed: 2 }
  return {
    format: checkpoint.format,
    architecture: model.architecture,
    classes: graph.output.dims[0]!,
    inputDims: graph.input.dims,
    weights: total,
    zeros,
    masked,
    notes: all.toSorted((a, b) => rank[a.kind] - rank[b.kind]),
  }
}

const matched = (text: string): ImportNote => ({ kind: 'matched', text })
const skipped = (text: string): ImportNote => ({ kind: 'skipped', text })
const guessed = (text: string): ImportNote => ({ kind: 'guessed', text })
