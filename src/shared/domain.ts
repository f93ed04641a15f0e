/** The things the product is about, as the window and the terminal see them. */
import { z } from 'zod'
import { errorDataSchema } from './errors.ts'
import { federationSoFarSchema, roundProgressSchema } from './federation-report.ts'
import { readerOptionsSchema } from './reader-options.ts'
import { recipeSchema } from './recipe.ts'
import { layerSparsitySchema } from './stage.ts'
import { stageOutcomeSchema, stageUses } from './stages.ts'

/** Milliseconds since 1970, UTC. */
const time = z.int()
const count = z.int().min(0)

export const importNoteSchema = z.strictObject({ kind: z.enum(['matched', 'skipped', 'guessed']), text: z.string() })
export type ImportNote = z.infer<typeof importNoteSchema>

/** A picture as it is stored: base64 of uint8 height x width x channels (1 = gray, 3 = RGB). */
export const pictureSchema = z.strictObject({
  width: count,
  height: count,
  channels: z.union([z.literal(1), z.literal(3)]),
  pixels: z.base64(),
})
export type Picture = z.infer<typeof pictureSchema>

export const datasetSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  /** Reader id and its label. */
  format: z.string(),
  formatLabel: z.string(),
  fingerprint: z.string(),
  classes: z.array(z.string()),
  /** One sample: [height, width, channels]. */
  shape: z.array(count),
  sampleType: z.enum(['uint8', 'float32']),
  /** Options that it was read with; the same path without them may be other data. */
  reader: readerOptionsSchema.optional(),
  splits: z.array(
    z.strictObject({
      name: z.enum(['train', 'test']),
      count,
      /** Samples of each class, in class order. */
      perClass: z.array(count),
    }),
  ),
  /** Nothing lies at `path` any more; looked at when the library is listed. */
  missing: z.boolean(),
  notes: z.array(importNoteSchema),
  preview: z.array(z.strictObject({ picture: pictureSchema, label: count, split: z.enum(['train', 'test']) })),
  addedAt: time,
})
export type DatasetReport = z.infer<typeof datasetSchema>

export const layerSchema = z.strictObject({
  name: z.string(),
  op: z.string(),
  inputDims: z.array(count),
  outputDims: z.array(count),
  /** Dims of the kernel, ONNX layout; empty for layers without one. */
  weightDims: z.array(count),
  /** Trainable parameters: weights, biases, gamma, beta. */
  parameters: count,
  /** Multiply-accumulates for one sample. */
  macs: count,
  /** Of the kernel; null for layers that have none. */
  prunable: z.strictObject({ weights: count, zeros: count }).nullable(),
})
export type LayerReport = z.infer<typeof layerSchema>

export const modelSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  format: z.string(),
  formatLabel: z.string(),
  fingerprint: z.string(),
  architecture: z.string(),
  classes: count,
  /** [channels, height, width] */
  inputDims: z.array(count),
  parameters: count,
  prunable: count,
  batchNorm: count,
  macs: count,
  /** Nothing lies at `path` any more; looked at when the library is listed. */
  missing: z.boolean(),
  notes: z.array(importNoteSchema),
  layers: z.array(layerSchema),
  addedAt: time,
})
export type ModelReport = z.infer<typeof modelSchema>

/**
 * `interrupted`: the studio that worked it is gone and never wrote its end; `failed`: an error, also that of a process of the
 * run that died on its own (`run.died`); `stopped`, `paused`: by the person. Whatever ended early can be resumed, `paused`
 * says that it is meant to be.
 */
export const runStates = ['queued', 'running', 'finished', 'paused', 'stopped', 'failed', 'interrupted'] as const
export type RunState = (typeof runStates)[number]

export const stageRecordSchema = z.strictObject({
  index: count,
  use: z.enum(stageUses),
  state: z.enum(['waiting', 'running', 'finished', 'paused', 'stopped', 'failed', 'interrupted']),
  startedAt: time.nullable(),
  seconds: z.number().nullable(),
  /** Taken from an earlier run of the same identity. */
  cached: z.boolean(),
  outcome: stageOutcomeSchema.nullable(),
})
export type StageRecord = z.infer<typeof stageRecordSchema>

export const progressSchema = z.strictObject({
  runId: z.string(),
  /** null while data is read and the graph is compiled. */
  stage: count.nullable(),
  step: z.string(),
  done: z.number(),
  /** 0 = unknown. */
  total: z.number(),
  unit: z.string(),
  /** Samples a second. */
  rate: z.number().optional(),
  secondsLeft: z.number().optional(),
  /** Of a federation. */
  round: roundProgressSchema.optional(),
})
export type RunProgress = z.infer<typeof progressSchema>

export const runSummarySchema = z.strictObject({
  id: z.string(),
  /** 1, 2, 3 ... in the project, never reused. */
  number: z.int().min(1),
  name: z.string(),
  seed: count,
  state: z.enum(runStates),
  /** SHA-256 of all that matters to the result; null until the inputs were read. */
  identity: z.string().nullable(),
  recipeId: z.string().nullable(),
  /** The run that looks for a sparsity and tried this one; null too once that run is removed. */
  triedBy: z.string().nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  error: errorDataSchema.nullable(),
  stages: z.array(stageRecordSchema),
})
export type RunSummary = z.infer<typeof runSummarySchema>

/** Zeros per layer at a moment of the run, in forward order. */
export const layerSnapshotSchema = z.strictObject({ stage: count, step: count, layers: z.array(layerSparsitySchema) })
export type LayerSnapshot = z.infer<typeof layerSnapshotSchema>

export const metricPointSchema = z.strictObject({ stage: count, name: z.string(), step: z.number(), value: z.number() })
export type MetricPoint = z.infer<typeof metricPointSchema>

export const runDetailSchema = z.strictObject({
  run: runSummarySchema,
  recipe: recipeSchema,
  device: z.string().nullable(),
  layers: z.array(layerSnapshotSchema),
  /** Of a long curve some thousand points with its extremes; the project keeps all. */
  metrics: z.array(metricPointSchema),
  /** Points that the project has and `metrics` has not. */
  metricsLeftOut: count.optional(),
  /** Of stages that have no result yet, which says the same and more. */
  federations: z.array(federationSoFarSchema),
  log: z.array(z.strictObject({ at: time, text: z.string() })),
  progress: progressSchema.nullable(),
})
export type RunDetail = z.infer<typeof runDetailSchema>

/** The kernel of one layer: as training saved it last, or as the last finished stage that changed the model left it. */
export const layerWeightsSchema = z.strictObject({
  /** The stage that left it so. */
  stage: count,
  /** Where that stage has not ended: epochs that were done when it was saved, and steps of the next one. */
  saved: z.strictObject({ epoch: count, step: count }).optional(),
  /** Dims of the kernel, ONNX layout. */
  dims: z.array(count),
  zeros: count,
  /** Of the weights that are not zero, in equal bins from the smallest to the largest. */
  histogram: z.strictObject({ low: z.number(), high: z.number(), counts: z.array(count) }),
  /** A bit a weight in its stored order, the first in the lowest bit of the first byte, set where it is not zero; null for a layer too large for a picture. */
  mask: z.base64().nullable(),
})
export type LayerWeights = z.infer<typeof layerWeightsSchema>

export const recipeRecordSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  version: z.int().min(1),
  savedAt: time,
  /** As written; it may be unfinished. `recipe.check` says what is missing. */
  document: z.unknown(),
})
export type RecipeRecord = z.infer<typeof recipeRecordSchema>

/** One run as a row of the compare table. */
export const comparedRunSchema = z.strictObject({
  id: z.string(),
  number: z.int(),
  name: z.string(),
  seed: count,
  state: z.enum(runStates),
  model: z.string(),
  data: z.string(),
  /** Of the last stage that finished and scored the model, which evaluation and distillation do; null without one. */
  accuracy: z
    .strictObject({
      correct: count,
      total: count,
      top1: z.number(),
      /** Null where the stage did not look. */
      top5: z.number().nullable(),
      loss: z.number(),
      split: z.string(),
    })
    .nullable(),
  /** Of the first evaluate stage: what the run started from; null if it is also the last. */
  before: z.strictObject({ correct: count, total: count, top1: z.number(), split: z.string() }).nullable(),
  zeros: count.nullable(),
  weights: count.nullable(),
  sparsity: z.number().nullable(),
  /** Multiply-accumulates of one sample, all and those with a nonzero weight. */
  macs: count.nullable(),
  nonzeroMacs: count.nullable(),
  seconds: z.number().nullable(),
  layers: z.array(layerSparsitySchema),
  /** Per class of that stage. */
  classes: z.array(z.strictObject({ name: z.string(), correct: count, total: count })),
  /** What the recipe sets and its stages make use of, as path -> text, to show only what differs. */
  settings: z.record(z.string(), z.string()),
})
export type ComparedRun = z.infer<typeof comparedRunSchema>

export const comparisonSchema = z.strictObject({
  runs: z.array(comparedRunSchema),
  /** Setting paths that runs are told apart by (`settings.ts`). */
  differing: z.array(z.string()),
})
export type Comparison = z.infer<typeof comparisonSchema>

export const projectSchema = z.strictObject({
  name: z.string(),
  path: z.string(),
  /** Bytes of the project file. */
  bytes: count,
})
export type ProjectInfo = z.infer<typeof projectSchema>

export const engineStateSchema = z.strictObject({
  state: z.enum(['unknown', 'ready', 'failed']),
  tensorflow: z.string().nullable(),
  device: z.string().nullable(),
  error: errorDataSchema.nullable(),
})
export type EngineState = z.infer<typeof engineStateSchema>
