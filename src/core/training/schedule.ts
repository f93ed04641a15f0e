export interface RateOptions {
  /** The rate at its highest. */
  readonly lr: number
  /** Where cosine and linear would end, one step after the last. */
  readonly minimum: number
  /** Epochs from whose start on `step` multiplies the rate by `factor` once more. */
  readonly milestones: readonly number[]
  readonly factor: number
}

export interface RatePosition {
  /** Epochs since the start, with the part of the current one where the rate changes by the step. */
  readonly epoch: number
  /** Share of the training behind the warm-up that is done, in [0, 1). */
  readonly share: number
}

/** The learning rate at a position behind the warm-up. */
export type RateSchedule = (options: RateOptions, position: RatePosition) => number
