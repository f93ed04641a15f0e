/** What a stage of a recipe works with. The members live in this folder, the table in `stages.ts`. */
import type { Model } from '../core/graph/model.ts'
import type { Dataset, Split } from '../formats/datasets.ts'
import type { AugmentationId } from '../shared/methods.ts'
import type { ScoredSplit } from '../shared/scoring.ts'
import type { TeacherSource } from '../shared/stages/distill.ts'
import type { StageOf, StageResultOf, StageUse } from '../shared/stages.ts'
import type { CompiledModel } from './compile/compiled-model.ts'
import type { TrainableModel } from './compile/training.ts'
import type { TrainingProgramOptions } from './compile/training-programs.ts'
import type { KeyedTwin, ProbeStage, Within } from './protocol.ts'
import type { StageRecord } from './training/record.ts'
import type { TrainingStateFile } from './training/state-file.ts'

/** Some samples of a split. */
export interface Selection {
  readonly split: Split
  /** Ascending. */
  readonly indices: Int32Array
}

/** What a stage saves of itself, so that it can go on after its process has died. */
export interface StateStore {
  /** `undefined` where nothing was saved, or by another stage. */
  read(): Promise<Omit<TrainingStateFile, 'stage'> | undefined>
  /** A disk that does not take it is said in the log; what was there before stays. */
  write(state: Omit<TrainingStateFile, 'stage'>): Promise<void>
  /** Milliseconds after which a state is written again while nothing else asks for it. */
  readonly everyMs: number
}

export interface StageContext {
  /** The model as the stages before left it. A stage that changes it puts the new one here. */
  model: Model
  readonly dataset: Dataset
  readonly augmentation: AugmentationId
  /** Seconds that earlier processes spent on this stage; set by a stage that goes on from a state. */
  earlierSeconds: number
  /** Of this run: the same seed gives the same result. */
  readonly seed: number
  /** How many stages of the same use came before in the recipe: two of them draw different numbers. */
  readonly occurrence: number
  readonly signal: AbortSignal
  /** Where what was measured may be kept between runs. */
  readonly cacheDirectory: string
  /** Samples of a split of the recipe. Throws `dataset.no-split`. */
  select(name: ScoredSplit): Selection
  /** The validation samples; undefined where the recipe holds none out. */
  validation(): Selection | undefined
  /** The compiled graph, holding the weights of `model`, the stage's where it is left out. Compiles where it has to. */
  compiled(model?: Model): CompiledModel
  /** The same with programs that train it; the optimizer begins anew. */
  trainable(options: TrainingProgramOptions): TrainableModel
  /** The model that a recipe names as a teacher, laid out for this data, and what a person calls it. */
  teacher(source: TeacherSource): Promise<{ readonly model: Model; readonly name: string }>
  /** The twin of this stage: its key, and what it came to where an earlier run trained it. */
  readonly twin: KeyedTwin | undefined
  /** Keeps a model that was tried, and the stages that would have come to it in place of this one, as a run of its own. */
  probe(model: Model, done: readonly ProbeStage[]): Promise<void>
  /** A text for the run's log. */
  log(text: string): void
  readonly record: StageRecord
  readonly state: StateStore
  /**
   * To be awaited after every batch: tells how many samples of the stage are done, and of what they are where that is not
   * the whole of it, and lets a request to stop come through. Throws `run.stopped`.
   */
  step(done: number, total: number, within?: Within): Promise<void>
  /** The same where there is nothing to tell. */
  breathe(): Promise<void>
}

export type StageRunner<Use extends StageUse> = (
  stage: StageOf<Use>,
  context: StageContext,
) => Promise<StageResultOf<Use>>
