/**
 * What the studio and an engine process say to each other. One process works one job and ends; the studio starts,
 * feeds, watches and stops it. Messages are plain data; weights travel as safetensors files beside the job.
 */
import type { ErrorData } from '../shared/errors.ts'
import type { NormStatistics } from '../shared/features.ts'
import type { FederationReport, RoundProgress } from '../shared/federation-report.ts'
import type { Recipe } from '../shared/recipe.ts'
import type { LayerSparsity } from '../shared/stage.ts'
import type { Twin } from '../shared/stages/distill.ts'
import type { Stage, StageOutcome } from '../shared/stages.ts'

export interface Job {
  readonly runId: string
  /** Every path in it is absolute. */
  readonly recipe: Recipe
  readonly seed: number
  /** Stages before this index were done by an earlier run of the same identity; `modelFile` is their outcome. */
  readonly firstStage: number
  /** A model file (`formats/model-file.ts`) to start from instead of the recipe's model. */
  readonly modelFile?: string
  /** Model files of teachers that are no checkpoints, by the number of the stage that they teach in. */
  readonly teachers?: Readonly<Record<number, { readonly file: string; readonly name: string }>>
  /** The twin of each distillation, by the number of the stage: its key, and what it came to where an earlier run trained it. */
  readonly twins?: Readonly<Record<number, KeyedTwin>>
  /** A folder of this job's own, for the model files that it hands back. It exists and is empty. */
  readonly workDirectory: string
  /**
   * Where training keeps its state: the same folder for a run that goes on, another for each run. It need not exist. A
   * state that is found in it is gone on from.
   */
  readonly stateDirectory: string
  /** Milliseconds after which the state is written again within an epoch. Default a minute. */
  readonly saveEveryMs?: number
  /** Where decoded samples are kept between runs. */
  readonly cacheDirectory: string
}

export interface ProbeStage {
  readonly stage: Stage
  readonly outcome: StageOutcome
  readonly seconds: number
}

export interface KeyedTwin {
  readonly key: string
  readonly known?: Twin
}

export type ToEngine =
  | { readonly type: 'start'; readonly job: Job }
  /** Ends the current batch, then the process, with `stopped`. */
  | { readonly type: 'stop' }

/** Where in a stage its work is, where that is not counted as the whole of it. */
export interface Within {
  /** The name of a part that is counted, and timed, apart from the rest. */
  readonly part?: string
  /** Of a federation. */
  readonly round?: RoundProgress
}

export type FromEngine =
  /** The process is up and waits for `start`. */
  | { readonly type: 'ready' }
  /** The engine is loaded; what it is. */
  | { readonly type: 'engine'; readonly tensorflow: string; readonly device: string }
  /** A text for the run's log. */
  | { readonly type: 'log'; readonly text: string }
  /** Reading data, compiling: what goes on before and between stages. `total` 0 = unknown. */
  | { readonly type: 'prepare'; readonly step: string; readonly done: number; readonly total: number }
  | { readonly type: 'stage-started'; readonly stage: number }
  /**
   * At most ten a second. `rate` in samples a second; `secondsLeft` of this stage, or of the part that it is at; absent while
   * unknown.
   */
  | (Within & {
      readonly type: 'progress'
      readonly stage: number
      readonly done: number
      readonly total: number
      readonly unit: string
      readonly rate?: number
      readonly secondsLeft?: number
    })
  /** Points of a curve: name such as `accuracy`, step within the stage. */
  | {
      readonly type: 'metrics'
      readonly stage: number
      readonly points: readonly { readonly name: string; readonly step: number; readonly value: number }[]
    }
  /** Zeros per prunable layer as they are now; sent at the start of a run and whenever they change. */
  | {
      readonly type: 'layers'
      readonly stage: number
      readonly step: number
      readonly layers: readonly LayerSparsity[]
    }
  /** Every batch norm as it is now; sent now and then by a stage that trains it. */
  | {
      readonly type: 'norms'
      readonly stage: number
      readonly step: number
      readonly layers: readonly NormStatistics[]
    }
  /** Before the first round of a federation, and after each. */
  | {
      readonly type: 'federation'
      readonly stage: number
      readonly step: number
      readonly report: FederationReport
    }
  /** A sparsity that was tried on the way to an accuracy: a run whose `stages` stand in the place of this one ends like this. */
  | {
      readonly type: 'probe'
      readonly stage: number
      readonly done: readonly ProbeStage[]
      /** The model after the first of them, and its SHA-256: as of `stage-finished`. */
      readonly modelFile: string
      readonly modelHash: string
    }
  | {
      readonly type: 'stage-finished'
      readonly stage: number
      readonly seconds: number
      readonly outcome: StageOutcome
      /** The model after this stage, when the stage changed it; complete and synced when this is sent. */
      readonly modelFile?: string
      /** SHA-256 of that file, hex: computed here, because the studio has windows to answer. */
      readonly modelHash?: string
    }
  | { readonly type: 'finished' }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly error: ErrorData }
