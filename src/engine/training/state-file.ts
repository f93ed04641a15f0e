/**
 * The state of a training run on disk: everything that its next step depends on, and where its record ends. One
 * safetensors file, replaced as a whole, so that whatever happens there is a state that is complete.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fileSource } from '../../formats/byte-source.ts'
import { readSafetensorsBytes, safetensors } from '../../formats/checkpoints/safetensors.ts'
import { diskFault } from '../../formats/disk-faults.ts'
import { writeFileAtomic } from '../../formats/write-file.ts'
import { writeSafetensors } from '../../formats/write-safetensors.ts'
import { EspalierError } from '../../shared/errors.ts'
import { normSnapshotSchema } from '../../shared/features.ts'
import { reportedFederationSchema } from '../../shared/federation-report.ts'
import { layerSparsitySchema } from '../../shared/stage.ts'
import { epochSchema } from '../../shared/training.ts'
import { federationPositionSchema } from '../federation/position.ts'
import type { Tail } from './record.ts'

const version = 1
const fileName = 'training.safetensors'
/** Of a safetensors file: the length of its header comes first. */
const lengthBytes = 8
const bestPrefix = 'best/'
const maskPrefixes = ['mask/', 'update-mask/']

const count = z.int().min(0)

const positionSchema = z.strictObject({
  /** Epochs that are done, over all rounds. */
  epoch: count,
  /** Steps of the next one that are done. All of them = only validation is left. */
  step: count,
  /** Over these steps; the learning rate is that of the first. */
  sums: z.strictObject({
    loss: z.number(),
    correct: count,
    samples: count,
    learningRate: z.number(),
    seconds: z.number(),
  }),
  /** Seconds of training so far, without those of `sums`. */
  seconds: z.number(),
  epochs: z.array(epochSchema),
  /** The best epoch on validation so far. */
  best: z.strictObject({ epoch: z.int().min(1), top1: z.number(), loss: z.number() }).nullable(),
})
/** How far training is. Plain data. */
export type Position = z.output<typeof positionSchema>

const headerSchema = z.strictObject({
  version: z.literal(version),
  stage: count,
  /** The stage's settings, its seed and the parameters, as text: a state is of one training only. */
  training: z.string(),
  /** The prunable layers of the run's model: with it a layer can be looked at without the network. */
  kernels: z.array(z.strictObject({ layer: z.string(), parameter: z.string(), dims: z.array(count) })).optional(),
  /** What the stage found before this training began, where it has parts. */
  before: z.unknown().optional(),
  position: positionSchema,
  /** Of a federation: where it is; `position` is then that of the client in training. */
  federation: federationPositionSchema.optional(),
  tail: z.strictObject({
    after: count,
    points: z.array(z.strictObject({ name: z.string(), step: z.number(), value: z.number() })),
    layers: z.array(z.strictObject({ step: z.number(), layers: z.array(layerSparsitySchema) })),
    norms: z.array(normSnapshotSchema.omit({ stage: true })).default([]),
    federation: z.array(reportedFederationSchema.omit({ stage: true })).default([]),
  }),
})

export interface TrainingStateFile extends Omit<z.output<typeof headerSchema>, 'version' | 'tail'> {
  readonly tail: Tail
  /** As `TrainableModel.readState` gives it. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** Parameters after the best epoch. */
  readonly best: ReadonlyMap<string, Float32Array>
}

/** Throws `disk.full`, `disk.read-only`; the state that was there before is then still there. */
export async function writeState(directory: string, { tensors, best, ...header }: TrainingStateFile): Promise<void> {
  const path = join(directory, fileName)
  const state = [...tensors].map(([name, values]) => {
    // Masks are ones and zeros: a byte each.
    const isMask = maskPrefixes.some(prefix => name.startsWith(prefix))
    const data = isMask ? Uint8Array.from(values) : values
    return { name, dims: [values.length], data }
  })
  const kept = [...best].map(([name, data]) => ({ name: bestPrefix + name, dims: [data.length], data }))
  const bytes = writeSafetensors([...state, ...kept], { espalier: JSON.stringify({ version, ...header }) })
  try {
    await mkdir(directory, { recursive: true })
  } catch (cause) {
    throw diskFault(directory, cause)
  }
  await writeFileAtomic(path, bytes)
}

/** `undefined` where there is none. Throws `file.corrupt` for a file that is no state, and what reading throws. */
export async function readState(directory: string): Promise<TrainingStateFile | undefined> {
  const path = join(directory, fileName)
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return
    throw new EspalierError(
      { code: 'file.unreadable', message: `${path} cannot be read: ${cause.message}.`, file: path },
      { cause },
    )
  })
  if (!bytes) return
  const { tensors: stored, metadata } = readSafetensorsBytes(bytes, path)
  const header = headerSchema.safeParse(parseJson(metadata['espalier']))
  if (!header.success)
    throw new EspalierError({
      code: 'file.corrupt',
      message: `${path} is no state of a training run, or one of another version.`,
      file: path,
      hint: 'Run the recipe anew.',
    })
  const tensors = new Map<string, Float32Array>()
  const best = new Map<string, Float32Array>()
  for (const { name, read } of stored) {
    if (name.startsWith(bestPrefix)) best.set(name.slice(bestPrefix.length), read())
    else tensors.set(name, read())
  }
  const { version: _, ...rest } = header.data
  return { ...rest, tensors, best }
}

export interface StateHeader {
  readonly stage: number
  readonly after: number
  /** Whether a first part of the stage is done, with a record of its own. */
  readonly isSecondPart: boolean
}

/** Where the state stands and where its record ends; undefined where there is none that can be read. Its tensors are not read. */
export function readStateHeader(directory: string): StateHeader | undefined {
  let file: number | undefined
  try {
    file = openSync(join(directory, fileName), 'r')
    const length = Buffer.alloc(lengthBytes)
    readSync(file, length, 0, lengthBytes, 0)
    const text = Buffer.alloc(Number(length.readBigUInt64LE()))
    readSync(file, text, 0, text.length, lengthBytes)
    const metadata = (JSON.parse(text.toString()) as { __metadata__?: { espalier?: string } }).__metadata__
    const header = headerSchema.safeParse(parseJson(metadata?.espalier))
    if (!header.data) return
    const { stage, tail, before } = header.data
    return { stage, after: tail.after, isSecondPart: before !== undefined }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

export interface SavedKernel {
  /** ONNX layout. */
  readonly dims: readonly number[]
  readonly values: Float32Array
  /** Epochs that were done, and steps of the next one. */
  readonly epoch: number
  readonly step: number
}

/**
 * The kernel of one layer of the model in training, and nothing else of the file. `undefined` where the state is of another
 * stage, or has no such layer.
 */
export async function readSavedKernel(
  directory: string,
  { stage, layer }: { readonly stage: number; readonly layer: string },
): Promise<SavedKernel | undefined> {
  const path = join(directory, fileName)
  if (!existsSync(path)) return
  const { tensors, metadata } = await safetensors.open(fileSource(path))
  const header = headerSchema.safeParse(parseJson(metadata['espalier'])).data
  const kernel = header?.stage === stage ? header.kernels?.find(other => other.layer === layer) : undefined
  const values = kernel && tensors.find(({ name }) => name === `parameter/${kernel.parameter}`)?.read()
  return values && { dims: kernel.dims, values, epoch: header!.position.epoch, step: header!.position.step }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
