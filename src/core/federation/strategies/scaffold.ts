import { type Strategy, sampleShares } from '../strategy.ts'

/**
 * Karimireddy et al. 2020, algorithm 1 with option II: each client corrects its gradient by c - c_i. The models are
 * averaged by samples as in FedAvg, so that its first round, when all variates are zero, is one of FedAvg.
 */
export const scaffold: Strategy = {
  terms: () => ({ proximal: 0, variates: true }),
  beginsWith: 'server',
  pooled: false,
  needsSgd: true,
  coefficients: sampleShares,
}
