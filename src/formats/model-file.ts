/**
 * A model as safetensors bytes: how the project file keeps models, and what an export of ours is. Weights are F32 under
 * their parameter names, masks U8 under `mask:<parameter>`; the metadata says which graph they belong to.
 */
import { z } from 'zod'
import { architectureOf } from '../core/architectures.ts'
import { formatDims, sameDims } from '../core/graph/dims.ts'
import type { Graph, Model } from '../core/graph/model.ts'
import { validateModel } from '../core/graph/validate-model.ts'
import { EspalierError, toErrorData } from '../shared/errors.ts'
import type { CheckpointContent, StoredTensor } from './checkpoint.ts'
import { readSafetensorsBytes } from './checkpoints/safetensors.ts'
import { writeSafetensors } from './write-safetensors.ts'

const VERSION = '1'
const MASK = 'mask:'

const metadataSchema = z.object({
  espalier: z.literal(VERSION),
  architecture: z.string(),
  classes: z.coerce.number().int().positive(),
  /** Dims of the input without the batch: `3x32x32`. */
  input: z
    .string()
    .transform(text => text.split('x').map(Number))
    .pipe(z.array(z.number().int().positive())),
})

/** Deterministic, so that equal models have equal bytes. */
export function modelToBytes(model: Model): Uint8Array {
  const { graph, weights, masks } = model
  const dimsOf = (name: string): readonly number[] => graph.parameters[name]!.dims
  return writeSafetensors(
    [
      ...[...weights].map(([name, data]) => ({ name, dims: dimsOf(name), data })),
      ...[...masks].map(([name, data]) => ({ name: MASK + name, dims: dimsOf(name), data })),
    ],
    metadataOf(model),
  )
}

/** `name` is for messages. Throws `file.*`, `checkpoint.mismatch`, `architecture.unknown` and `model.invalid`. */
export function modelFromBytes(bytes: Uint8Array, name: string): Model {
  return modelFromContent(readSafetensorsBytes(bytes, name), name)
}

export function isModelFile({ metadata }: Pick<CheckpointContent, 'metadata'>): boolean {
  return metadata['espalier'] !== undefined
}

/** The same for a file that a checkpoint reader opened. `path` is for messages. */
export function modelFromContent({ tensors, metadata }: CheckpointContent, path: string): Model {
  const told = metadataSchema.safeParse(metadata)
  if (!told.success) {
    const keys = new Set(told.error.issues.map(issue => `"${String(issue.path[0])}"`))
    throw new EspalierError({
      code: 'file.unknown-format',
      message: `${path} was written by another version of Espalier, or its metadata were changed: ${[...keys].join(' and ')} cannot be read.`,
      file: path,
      rule: `Model files say espalier ${VERSION}, an architecture, a number of classes and input dims.`,
    })
  }
  const { architecture, classes, input } = told.data
  return inFile(path, () => {
    const graph = architectureOf(architecture, { classes, inputDims: input })
    const byName = new Map(tensors.map(tensor => [tensor.name, tensor]))
    const weights = new Map<string, Float32Array>()
    const masks = new Map<string, Uint8Array>()
    for (const name of Object.keys(graph.parameters)) {
      weights.set(name, tensorFor(graph, name, byName.get(name)).read())
      const mask = byName.get(MASK + name)
      if (mask) masks.set(name, Uint8Array.from(tensorFor(graph, name, mask).read()))
    }
    if (weights.size + masks.size < tensors.length) throw mismatch('it holds tensors that no parameter of it needs')
    const model: Model = { architecture, graph, weights, masks }
    validateModel(model)
    return model
  })
}

function metadataOf({ architecture, graph }: Model): Record<string, string> {
  const input = graph.input.dims.join('x')
  return { espalier: VERSION, architecture, classes: String(graph.output.dims[0]), input }
}

function tensorFor(graph: Graph, name: string, tensor: StoredTensor | undefined): StoredTensor {
  const { dims } = graph.parameters[name]!
  if (!tensor) throw mismatch(`${name} is missing`)
  if (sameDims(tensor.dims, dims)) return tensor
  throw mismatch(`${tensor.name} is ${formatDims(tensor.dims)}, not ${formatDims(dims)}`)
}

const mismatch = (why: string): EspalierError =>
  new EspalierError({
    code: 'checkpoint.mismatch',
    message: `The tensors do not fit the architecture that is told: ${why}.`,
  })

/** Gives the errors of the core, which knows no files, the name of the file. */
export function inFile<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof EspalierError) || error.file !== undefined) throw error
    throw new EspalierError(
      { ...toErrorData(error), message: `${path}: ${error.message}`, file: path },
      { cause: error },
    )
  }
}
