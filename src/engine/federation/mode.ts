/** What a pruning mode does in a federation. The members live in `modes/`, the table in `modes.ts`. */
import type { Graph, Masks, Model, Weights } from '../../core/graph/model.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { TrainingProgramOptions } from '../compile/training-programs.ts'
import type { Selection, StageContext } from '../stage-runner.ts'
import type { Carried } from './exchange.ts'

/** What a mode knows of the federation that it works in. */
export interface ModeSetting {
  readonly graph: Graph
  /** Names of the kernels that may be pruned, in forward order. */
  readonly prunable: readonly string[]
  readonly training: Selection
  /** Samples of each client. */
  readonly holders: readonly Int32Array[]
  /** Shares that the clients keep, each at most that of the settings; undefined where all keep that. */
  readonly keeps: readonly number[] | undefined
  readonly batch: number
  readonly seed: number
  readonly context: StageContext
}

/** Of a client, where the settings say `usual`. */
export const keepOf = ({ keeps }: Pick<ModeSetting, 'keeps'>, client: number, usual: number): number =>
  keeps?.[client] ?? usual

export interface Mode<Settings> {
  /** What becomes of the model before anything else. */
  readonly prepare?: (model: Model, settings: Settings, seed: number) => Model
  readonly start: (settings: Settings, federation: ModeSetting) => RunningMode
}

export interface StartingRound {
  readonly round: number
  readonly compiled: TrainableModel
  /** The model of the server. */
  readonly weights: Weights
  readonly masks: Masks
}

/** A client that has the model of its round, in `compiled`, and has not trained yet. */
export interface StartingClient {
  readonly client: number
  readonly round: number
  readonly compiled: TrainableModel
  /** Every parameter, as it begins. */
  readonly weights: Weights
}

/** A mode at work in one federation. What it remembers between calls must follow from their arguments: runs are resumed. */
export interface RunningMode {
  /** What training needs beside the usual. */
  readonly programs: Partial<TrainingProgramOptions>
  /** What of a client's model travels to the server. */
  readonly carried: Carried
  /** What of the server's model travels to a client that got the model of the round before; values where absent. */
  readonly carriedDown?: Carried
  /** Before the first client of a round, and again when a run goes on inside it. Returns bytes that go down to every client. */
  readonly beforeRound?: (round: StartingRound) => Promise<number>
  /** Before the first step of a client in a round. What it sets in `compiled` is in the state that a run goes on from. */
  readonly beginClient?: (client: StartingClient) => Promise<void>
  /** After each epoch of a client. */
  readonly afterEpoch?: (client: StartingClient) => void
  /** What the server makes of its model after it has aggregated. */
  readonly afterRound?: (weights: Weights) => Weights
}
