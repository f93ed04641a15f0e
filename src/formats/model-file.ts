/**
 * A model as safetensors bytes: how the project file keeps models. Weights are F32 under their parameter names. Of one that
 * is masked only what is kept is stored, F32 under `kept:<parameter>`, beside a bit for each weight, U8 under
 * `bits:<parameter>`; so a pruned model has a smaller file. The metadata says which graph they belong to.
 */
import { z } from 'zod'
import { architectureOf } from '../core/architectures.ts'
import { elementCount, formatDims, sameDims } from '../core/graph/dims.ts'
import type { Graph, Model } from '../core/graph/model.ts'
import { validateModel } from '../core/graph/validate-model.ts'
import { EspalierError, toErrorData } from '../shared/errors.ts'
import type { CheckpointContent, StoredTensor } from './checkpoint.ts'
import { readSafetensorsBytes } from './checkpoints/safetensors.ts'
import { bitBytes, packKernel, unpackKernel } from './packed-kernel.ts'
import { safetensorsSize, type TensorLayout, type TensorToWrite, writeSafetensors } from './write-safetensors.ts'

const VERSION = '1'
const [BITS, KEPT] = ['bits:', 'kept:']
/** How masks were stored before: U8 beside all weights. */
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
  return writeSafetensors(
    [...weights].flatMap(([name, data]): TensorToWrite[] => {
      const mask = masks.get(name)
      if (!mask) return [{ name, dims: graph.parameters[name]!.dims, data }]
      const { bits, kept } = packKernel(data, mask)
      return [
        { name: BITS + name, dims: [bits.length], data: bits },
        { name: KEPT + name, dims: [kept.length], data: kept },
      ]
    }),
    metadataOf(model),
  )
}

/** Bytes of the model file with so many weights masked, by the names of their parameters; the others have no mask. */
export function modelFileSize(
  model: Pick<Model, 'architecture' | 'graph'>,
  masked: ReadonlyMap<string, number>,
): number {
  const tensors = Object.entries(model.graph.parameters).flatMap(([name, { dims }]): TensorLayout[] => {
    const zeros = masked.get(name)
    if (zeros === undefined) return [{ name, dims, dtype: 'F32' }]
    const weights = elementCount(dims)
    return [
      { name: BITS + name, dims: [bitBytes(weights)], dtype: 'U8' },
      { name: KEPT + name, dims: [weights - zeros], dtype: 'F32' },
    ]
  })
  return safetensorsSize(tensors, metadataOf(model))
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
    let read = 0
    for (const name of Object.keys(graph.parameters)) {
      const [bits, kept, mask] = [byName.get(BITS + name), byName.get(KEPT + name), byName.get(MASK + name)]
      if (bits && kept) {
        const kernel = unpacked(graph, name, bits, kept)
        weights.set(name, kernel.values)
        masks.set(name, kernel.mask)
        read += 2
        continue
      }
      weights.set(name, tensorFor(graph, name, byName.get(name)).read())
      if (mask) masks.set(name, Uint8Array.from(tensorFor(graph, name, mask).read()))
      read += mask ? 2 : 1
    }
    if (read < tensors.length) throw mismatch('it holds tensors that no parameter of it needs')
    const model: Model = { architecture, graph, weights, masks }
    validateModel(model)
    return model
  })
}

function metadataOf({ architecture, graph }: Pick<Model, 'architecture' | 'graph'>): Record<string, string> {
  const input = graph.input.dims.join('x')
  return { espalier: VERSION, architecture, classes: String(graph.output.dims[0]), input }
}

function tensorFor(graph: Graph, name: string, tensor: StoredTensor | undefined): StoredTensor {
  const { dims } = graph.parameters[name]!
  if (!tensor) throw mismatch(`${name} is missing`)
  if (sameDims(tensor.dims, dims)) return tensor
  throw mismatch(`${tensor.name} is ${formatDims(tensor.dims)}, not ${formatDims(dims)}`)
}

function unpacked(graph: Graph, name: string, bits: StoredTensor, kept: StoredTensor) {
  const weights = elementCount(graph.parameters[name]!.dims)
  const kernel = unpackKernel(weights, { bits: Uint8Array.from(bits.read()), kept: kept.read() })
  if (!kernel) throw mismatch(`${bits.name} and ${kept.name} do not make ${weights} weights`)
  return kernel
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
