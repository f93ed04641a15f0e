/** What a stage of a recipe works with. The members live in this folder, the table in `stages.ts`. */
import type { Model } from '../core/graph/model.ts'
import type { Dataset, Split } from '../formats/datasets.ts'
import type { ScoredSplit } from '../shared/stages/evaluate.ts'
import type { StageOf, StageResultOf, StageUse } from '../shared/stages.ts'
import type { CompiledModel } from './compile/compiled-model.ts'

/** Some samples of a split. */
export interface Selection {
  readonly split: Split
  /** Ascending. */
  readonly indices: Int32Array
}

export interface StageContext {
  /** The model as the stages before left it. A stage that changes it puts the new one here. */
  model: Model
  readonly dataset: Dataset
  /** Of this run: the same seed gives the same result. */
  readonly seed: number
  readonly signal: AbortSignal
  /** Samples of a split of the recipe. Throws `dataset.no-split`. */
  select(name: ScoredSplit): Selection
  /** The compiled graph, holding the weights of `model`. Compiles on the first call. */
  compiled(): CompiledModel
  /**
   * To be awaited after every batch: tells how many samples of the stage are done, and lets a request to stop come
   * through. Throws `run.stopped`.
   */
  step(done: number, total: number): Promise<void>
}

export type StageRunner<Use extends StageUse> = (
  stage: StageOf<Use>,
  context: StageContext,
) => Promise<StageResultOf<Use>>
