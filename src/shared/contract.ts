/**
 * Every call and every event between a window (or a script) and the studio: named and typed once, here. The same
 * contract runs in process, over a MessagePort and over a WebSocket (`rpc.ts`).
 */
import { z } from 'zod'
import { allocationAnswerSchema, allocationQuestionSchema } from './allocation.ts'
import { doctorReportSchema } from './doctor.ts'
import {
  comparisonSchema,
  datasetSchema,
  engineStateSchema,
  layerSnapshotSchema,
  layerWeightsSchema,
  metricPointSchema,
  modelSchema,
  progressSchema,
  projectSchema,
  recipeRecordSchema,
  runDetailSchema,
  runSummarySchema,
  stageRecordSchema,
} from './domain.ts'
import { normSnapshotSchema } from './features.ts'
import { reportedFederationSchema } from './federation-report.ts'
import { listedRunSchema } from './listed-run.ts'
import { readerOptionsSchema } from './reader-options.ts'
import { recipeProblemSchema } from './recipe.ts'
import { curveSchema } from './run-curves.ts'
import { studySchema } from './study.ts'

const nothing = z.strictObject({})
const byId = z.strictObject({ id: z.string() })

/**
 * Something on disk, as a window may name it: a grant (an opaque id the host gave for a drop, a dialog or an upload) or,
 * where the host allows it, a path the person typed.
 */
export const sourceSchema = z.union([
  z.strictObject({ grant: z.string() }),
  z.strictObject({ path: z.string().min(1) }),
])
export type Source = z.infer<typeof sourceSchema>

const libraryItemSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dataset'), dataset: datasetSchema }),
  z.strictObject({ kind: z.literal('model'), model: modelSchema }),
])
export type LibraryItem = z.infer<typeof libraryItemSchema>

const call = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R) => ({ params, result })

export const calls = {
  'studio.info': call(
    nothing,
    z.strictObject({
      version: z.string(),
      host: z.enum(['desktop', 'browser', 'terminal']),
      /** Whether `{ path }` sources are accepted. */
      acceptsPaths: z.boolean(),
      project: projectSchema,
      engine: engineStateSchema,
      /** Folders that hold what the person used last, for the path field. */
      recentProjects: z.array(z.string()),
    }),
  ),
  'engine.doctor': call(nothing, doctorReportSchema),
  'library.list': call(nothing, z.strictObject({ datasets: z.array(datasetSchema), models: z.array(modelSchema) })),
  /** Reads a data set or a checkpoint, whichever it is, and adds it to the library. The same content twice gives the same item; `reader` is for data sets. */
  'library.import': call(
    z.strictObject({ source: sourceSchema, importId: z.string().optional(), reader: readerOptionsSchema.optional() }),
    libraryItemSchema,
  ),
  'library.remove': call(z.strictObject({ kind: z.enum(['dataset', 'model']), id: z.string() }), nothing),
  /** The sample project in this one: its data set (Glyphs, made on the spot) and its recipes, in the order to run them. Once is enough; again it finds what is there. */
  'sample.create': call(
    z.strictObject({ importId: z.string().optional() }),
    z.strictObject({ dataset: datasetSchema, recipes: z.array(recipeRecordSchema) }),
  ),
  'recipe.list': call(nothing, z.strictObject({ recipes: z.array(recipeRecordSchema) })),
  /** Without an id a new recipe is made. Each save of a changed document is a new version. */
  'recipe.save': call(z.strictObject({ id: z.string().optional(), document: z.unknown() }), recipeRecordSchema),
  'recipe.remove': call(byId, nothing),
  'recipe.check': call(
    z.strictObject({ document: z.unknown() }),
    z.strictObject({ problems: z.array(recipeProblemSchema) }),
  ),
  /** One run for each seed, queued. `again` redoes finished work of the same identity. */
  'run.start': call(
    z.strictObject({ document: z.unknown(), recipeId: z.string().optional(), again: z.boolean().optional() }),
    z.strictObject({ runs: z.array(runSummarySchema) }),
  ),
  /** Without what their stages found in full: a list stays light however many curves were measured. */
  'run.list': call(nothing, z.strictObject({ runs: z.array(listedRunSchema) })),
  'run.get': call(byId, runDetailSchema),
  /** While a stage trains it is what was saved last, at least once a minute; null as long as nothing has changed the model. */
  'run.layer': call(
    z.strictObject({ id: z.string(), layer: z.string() }),
    z.strictObject({ weights: layerWeightsSchema.nullable() }),
  ),
  /** Every recorded point; `run.get` leaves some out of long curves. */
  'run.curves': call(byId, z.strictObject({ curves: z.array(curveSchema) })),
  /** Batch norm over time, of the stages that trained it; a snapshot of the same stage and step replaces an earlier one. */
  'run.norms': call(byId, z.strictObject({ snapshots: z.array(normSnapshotSchema) })),
  /** Resolves when the run has stopped. */
  'run.stop': call(byId, runSummarySchema),
  /** The same; the run waits to be resumed. */
  'run.pause': call(byId, runSummarySchema),
  /** Queues a run that ended early: it goes on with the stage that it was in, and in training where its state was saved last. */
  'run.resume': call(byId, runSummarySchema),
  'run.remove': call(byId, nothing),
  /** What pruning to a target would do to each layer, by several allocations: from the curves that a stage of a run has measured, without a run. Meant to be asked while a slider moves. */
  'allocation.solve': call(allocationQuestionSchema, allocationAnswerSchema),
  /** What the distillations of these runs come to over their seeds. */
  'run.study': call(z.strictObject({ ids: z.array(z.string()).min(1).max(1000) }), studySchema),
  'run.compare': call(z.strictObject({ ids: z.array(z.string()).min(1).max(200) }), comparisonSchema),
} as const

export type CallName = keyof typeof calls
export type Params<N extends CallName> = z.output<(typeof calls)[N]['params']>
export type ParamsInput<N extends CallName> = z.input<(typeof calls)[N]['params']>
export type Result<N extends CallName> = z.output<(typeof calls)[N]['result']>

/** What a call's handler gets beside its parameters. */
export interface CallContext {
  /** Aborts when the caller cancels or goes away. */
  readonly signal: AbortSignal
}

export type Handlers = {
  readonly [N in CallName]: (params: Params<N>, context: CallContext) => Promise<Result<N>> | Result<N>
}

/** What the studio announces to every window. Events announce; the truth is what the calls return. */
export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('library.changed') }),
  z.strictObject({ type: z.literal('recipe.changed') }),
  z.strictObject({
    type: z.literal('import.progress'),
    importId: z.string(),
    step: z.string(),
    done: z.number(),
    total: z.number(),
  }),
  z.strictObject({ type: z.literal('run.changed'), run: runSummarySchema }),
  z.strictObject({ type: z.literal('run.removed'), id: z.string() }),
  z.strictObject({ type: z.literal('run.progress'), progress: progressSchema }),
  z.strictObject({ type: z.literal('run.stage'), runId: z.string(), stage: stageRecordSchema }),
  z.strictObject({ type: z.literal('run.layers'), runId: z.string(), snapshot: layerSnapshotSchema }),
  z.strictObject({ type: z.literal('run.norms'), runId: z.string(), snapshot: normSnapshotSchema }),
  z.strictObject({ type: z.literal('run.federation'), runId: z.string(), ...reportedFederationSchema.shape }),
  z.strictObject({ type: z.literal('run.metrics'), runId: z.string(), points: z.array(metricPointSchema) }),
  z.strictObject({ type: z.literal('run.log'), runId: z.string(), at: z.int(), text: z.string() }),
  z.strictObject({ type: z.literal('engine.changed'), engine: engineStateSchema }),
])
export type StudioEvent = z.output<typeof eventSchema>
