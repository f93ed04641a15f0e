/** What a pruning mode does in a federation. The members live in `modes/`, the table in `modes.ts`. */
import type { Model, Weights } from '../../core/graph/model.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { TrainingProgramOptions } from '../compile/training-programs.ts'
import type { Carried } from './exchange.ts'

/** A client that has the model of its round and is about to train. */
export interface StartingClient {
  readonly client: number
  readonly round: number
  readonly compiled: TrainableModel
  /** Every parameter, as it begins. */
  readonly weights: Weights
}

/** A mode at work in one federation. What it remembers between calls must follow from its arguments: runs are resumed. */
export interface RunningMode {
  /** What training needs beside the usual. */
  readonly programs: Partial<TrainingProgramOptions>
  /** What of a client's model travels to the server. */
  readonly carried: Carried
  /** Before the first round. */
  readonly prepare?: (model: Model) => Model
  /** Before the first step of a client in a round, also when it goes on in the middle. */
  readonly beforeClient?: (client: StartingClient) => void
  /** After each epoch of a client. */
  readonly afterEpoch?: (client: StartingClient) => void
  /** What the server makes of its model after it has aggregated. */
  readonly afterRound?: (weights: Weights) => Weights
}
