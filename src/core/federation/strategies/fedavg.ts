import { noTerms, type Strategy, sampleShares } from '../strategy.ts'

/** McMahan et al. 2017, algorithm 1: w = sum of n_i / n w_i. */
export const fedavg: Strategy = {
  terms: () => noTerms,
  beginsWith: 'server',
  pooled: false,
  needsSgd: false,
  coefficients: sampleShares,
}
