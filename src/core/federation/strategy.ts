/** The federated algorithms. The members live in `strategies/`, the table in `strategies.ts`. */

/** What the server knows of a client's local training when it aggregates. */
export interface LocalWork {
  /** Training samples that the client holds. */
  readonly samples: number
  /** Steps that it took. */
  readonly steps: number
  /**
   * How far its steps move a weight whose gradient is 1 all the time (`reach.ts`): learning rate, momentum and number of
   * steps in one number.
   */
  readonly reach: number
}

/** What stands in a client's gradient beside that of its loss. */
export interface ClientTerms {
  /** mu of mu (w - w_server): the gradient of a pull towards the model that the round began with. 0 = none. */
  readonly proximal: number
  /** Whether c - c_i is added, with the variates of server and client (`control-variates.ts`). */
  readonly variates: boolean
}

export interface Strategy<Options = object> {
  readonly terms: (options: Options) => ClientTerms
  /** Where a client begins a round: with the model of the server, or with its own of the round before. */
  readonly beginsWith: 'server' | 'own'
  /** Whether all samples are in one place: one client that holds everything. */
  readonly pooled: boolean
  /** Whether it needs SGD: `reach` says nothing of other optimizers. */
  readonly needsSgd: boolean
  /**
   * One number a client: the server's w becomes w + sum of number_i (w_i - w). All zero: the server's model stays. Pure;
   * clients in a fixed order.
   */
  readonly coefficients: (work: readonly LocalWork[]) => number[]
}

/** Each client by its share of the samples of all in `work`. */
export function sampleShares(work: readonly Pick<LocalWork, 'samples'>[]): number[] {
  const total = work.reduce((sum, { samples }) => sum + samples, 0)
  return work.map(({ samples }) => samples / total)
}

export const noTerms: ClientTerms = { proximal: 0, variates: false }
